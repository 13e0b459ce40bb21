//! The results as a chart of bars: a panel for each group and size, a bar for each median, a line for its spread.

use std::fmt::Write;

use compare::{Group, Variant};

use crate::{
    results::{Measure, Results, Spread, size},
    table::{ratio, title},
};

/// Measures in pixels.
const LABELS: f64 = 240.0;
const BARS: f64 = 380.0;
const VALUES: f64 = 140.0;
const ROW: f64 = 24.0;
const HEAD: f64 = 44.0;
const MARGIN: f64 = 12.0;

const OURS: &str = "#c2410c";
const OTHERS: &str = "#64748b";

pub(crate) fn svg(results: &Results) -> String {
    let longest = scale(results);
    let mut panels = String::new();
    let mut top = MARGIN;
    for group in Group::ALL {
        for bytes in results.sizes() {
            let rows: Vec<_> = results
                .ranked(group)
                .into_iter()
                .filter_map(|variant| Some((variant, results.ratios(Measure::Throughput, bytes, variant)?)))
                .collect();
            if rows.is_empty() {
                continue;
            }
            panels.push_str(&panel(
                top,
                &format!("{}, {}", title(group), size(bytes)),
                &rows,
                longest,
            ));
            top += HEAD + ROW * rows.len() as f64;
        }
    }
    let width = LABELS + BARS + VALUES + 2.0 * MARGIN;
    let height = top + MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#0f172a\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{panels}</svg>\n"
    )
}

/// The ratio at the right end of the bars.
fn scale(results: &Results) -> f64 {
    let sizes = results.sizes();
    let variants = Group::ALL.into_iter().flat_map(|group| results.ranked(group));
    variants
        .flat_map(|variant| {
            sizes
                .iter()
                .filter_map(|bytes| results.ratios(Measure::Throughput, *bytes, variant))
        })
        .fold(1.0, |longest, spread| spread.most.max(longest))
}

fn panel(top: f64, title: &str, rows: &[(&Variant, Spread)], longest: f64) -> String {
    let left = MARGIN + LABELS;
    let x = |ratio: f64| left + BARS * ratio / longest;
    let mut panel = format!(
        "<text x=\"{MARGIN}\" y=\"{:.1}\" font-weight=\"bold\">{title}</text>\n",
        top + 26.0
    );
    let mut shape = |text: String| writeln!(panel, "{text}").expect("a String takes all that is written");

    for (row, (variant, spread)) in rows.iter().enumerate() {
        let top = top + HEAD + ROW * row as f64;
        let (middle, text) = (top + ROW / 2.0 - 2.0, top + ROW / 2.0 + 2.0);
        let colour = if variant.crates.contains(&"handler-cache") {
            OURS
        } else {
            OTHERS
        };
        let label = escape(variant.label);
        let end = x(spread.median);
        shape(format!(
            "<text x=\"{:.1}\" y=\"{text:.1}\" text-anchor=\"end\">{label}</text>",
            left - 8.0
        ));
        shape(format!(
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>",
            end - left,
            ROW - 4.0
        ));
        shape(format!(
            "<path d=\"M{:.1} {middle:.1}H{:.1}\" stroke=\"#0f172a\" stroke-width=\"2\"/>",
            x(spread.least),
            x(spread.most)
        ));
        shape(format!(
            "<text x=\"{:.1}\" y=\"{text:.1}\">{}</text>",
            left + BARS + 8.0,
            ratio(*spread)
        ));
    }
    let bottom = top + HEAD + ROW * rows.len() as f64 - 4.0;
    shape(format!(
        "<path d=\"M{one:.1} {:.1}V{bottom:.1}\" stroke=\"#0f172a\" stroke-dasharray=\"3 3\"/>",
        top + HEAD - 4.0,
        one = x(1.0)
    ));
    panel
}

/// The labels are Markdown: a chart has no font for code.
fn escape(label: &str) -> String {
    label.replace('`', "").replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::TEXT;

    #[test]
    fn bars_are_as_long_as_their_medians() {
        let chart = svg(&Results::parse(TEXT).unwrap());
        // The longest value of all is 1.00, so that is the right end.
        for (ratio, count) in [(1.0, 3), (0.98, 1), (0.75, 1)] {
            let bar = format!("width=\"{:.1}\" height=\"20.0\"", BARS * ratio);
            assert_eq!(chart.matches(&bar).count(), count, "{bar} in {chart}");
        }
    }

    #[test]
    fn each_panel_has_what_was_measured_for_it() {
        let chart = svg(&Results::parse(TEXT).unwrap());
        assert_eq!(chart.matches("font-weight=\"bold\"").count(), 3, "{chart}");
        assert_eq!(chart.matches(OURS).count(), 3, "{chart}");
        assert!(chart.contains(">#[cache]</text>"), "{chart}");
        assert!(!chart.contains("NaN") && !chart.contains('`'), "{chart}");
    }
}
