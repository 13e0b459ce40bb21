//! Where values lie.

/// The value below which that share of them lies, from 0 to 1; 0.5 is the median.
///
/// # Panics
///
/// There are none.
pub fn quantile(values: impl IntoIterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1).expect("something was measured");
    values[(last as f64 * share).round() as usize]
}

/// The one in the middle.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    quantile(values, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let hundred = || (0..=100).rev().map(f64::from);
        assert_eq!(median(hundred()), 50.0);
        assert_eq!(quantile(hundred(), 0.99), 99.0);
        assert_eq!(quantile(hundred(), 1.0), 100.0);
        assert_eq!(quantile([7.0], 0.99), 7.0);
    }
}
