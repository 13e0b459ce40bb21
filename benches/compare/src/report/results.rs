//! What was measured, and the ratios of it.
//!
//! A line `# machine: two cores` is a fact, a line `1024 3 moka 41234.5 0.99` a run: bytes of the page, round, variant,
//! requests per second, the share of its core that the server had.

use compare::{Group, VARIANTS, Variant};

/// All runs, each with the baseline of its round.
#[derive(Debug, Default)]
pub(crate) struct Results {
    /// What holds of all runs, in order.
    pub(crate) facts: Vec<(String, String)>,
    runs: Vec<Run>,
}

#[derive(Debug)]
struct Run {
    bytes: usize,
    round: usize,
    variant: &'static Variant,
    /// Requests per second.
    rate: f64,
    /// Processor time of the server over time, about 1 while nothing else runs on its core.
    share: f64,
}

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Measure {
    /// Requests per second.
    Throughput,
    /// Requests per second of the server's processor time. It says the same, and still does when something else runs.
    Processor,
}

/// Several values of one thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Results {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut results = Self::default();
        for (number, line) in text.lines().enumerate() {
            let bad = || format!("line {}: '{line}' is neither a fact nor a run", number + 1);
            if let Some(fact) = line.strip_prefix("# ") {
                let (name, value) = fact.split_once(": ").ok_or_else(bad)?;
                results.facts.push((name.to_owned(), value.to_owned()));
            } else {
                results.runs.push(Run::parse(line).ok_or_else(bad)?);
            }
        }
        for run in &results.runs {
            if results.baseline(run).is_none() {
                let baseline = run.variant.group.baseline();
                return Err(format!(
                    "round {} of {} bytes has no run of {baseline}",
                    run.round, run.bytes
                ));
            }
        }
        Ok(results)
    }

    /// The sizes of the page that were measured, in bytes, ascending.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        let mut sizes: Vec<usize> = self.runs.iter().map(|run| run.bytes).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// Those of a group that were measured, the baseline first, then the fastest with the smallest page.
    pub(crate) fn ranked(&self, group: Group) -> Vec<&'static Variant> {
        let smallest = self.sizes().first().copied().unwrap_or_default();
        let of_group = VARIANTS.iter().filter(|variant| variant.group == group);
        let mut ranked: Vec<_> = of_group
            .filter_map(|variant| {
                Some((
                    variant,
                    self.ratios(Measure::Throughput, smallest, variant)?.median,
                ))
            })
            .collect();
        ranked.sort_by(|(one, ratio), (other, others)| {
            let is_baseline = |variant: &Variant| variant.name == group.baseline();
            is_baseline(other)
                .cmp(&is_baseline(one))
                .then(others.total_cmp(ratio))
        });
        ranked.into_iter().map(|(variant, _)| variant).collect()
    }

    /// What is compared, over that of the group's baseline in the same round.
    pub(crate) fn ratios(&self, measure: Measure, bytes: usize, variant: &Variant) -> Option<Spread> {
        let ratio = |run: &Run| {
            let baseline = self
                .baseline(run)
                .map_or(f64::NAN, |baseline| baseline.value(measure));
            run.value(measure) / baseline
        };
        Spread::of(self.runs_of(bytes, variant.name).map(ratio))
    }

    /// Requests per second.
    pub(crate) fn rates(&self, bytes: usize, variant: &str) -> Option<Spread> {
        Spread::of(self.runs_of(bytes, variant).map(|run| run.rate))
    }

    /// The shares of its core that a server had.
    pub(crate) fn shares(&self) -> Option<Spread> {
        Spread::of(self.runs.iter().map(|run| run.share))
    }

    fn runs_of(&self, bytes: usize, variant: &str) -> impl Iterator<Item = &Run> {
        self.runs
            .iter()
            .filter(move |run| run.bytes == bytes && run.variant.name == variant)
    }

    fn baseline(&self, of: &Run) -> Option<&Run> {
        self.runs_of(of.bytes, of.variant.group.baseline())
            .find(|run| run.round == of.round)
    }
}

impl Run {
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split(' ').collect();
        let [bytes, round, variant, rate, share] = fields[..] else {
            return None;
        };
        // A server without an answer would be a failed run, and a division by zero.
        let positive = |field: &str| {
            field
                .parse()
                .ok()
                .filter(|value: &f64| value.is_finite() && *value > 0.0)
        };
        Some(Self {
            bytes: bytes.parse().ok()?,
            round: round.parse().ok()?,
            variant: VARIANTS.iter().find(|known| known.name == variant)?,
            rate: positive(rate)?,
            share: positive(share)?,
        })
    }

    fn value(&self, measure: Measure) -> f64 {
        match measure {
            Measure::Throughput => self.rate,
            Measure::Processor => self.rate / self.share,
        }
    }
}

impl Spread {
    /// `None` of nothing.
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let (&least, &most) = (values.first()?, values.last()?);
        let middle = values.len() / 2;
        let median = match values.len() % 2 {
            0 => f64::midpoint(values[middle - 1], values[middle]),
            _ => values[middle],
        };
        Some(Self { median, least, most })
    }
}

/// A page's size in the report.
pub(crate) fn size(bytes: usize) -> String {
    match bytes % 1024 {
        0 => format!("{} KiB", bytes / 1024),
        _ => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Three rounds; the last was slow for everybody, and in the first something took a part of moka's core.
    pub(crate) const TEXT: &str = "\
# machine: two cores
# date: 2019-05-09
1024 1 plain 1000 1
1024 1 moka 900 0.9
1024 1 attribute 950 1
1024 2 moka 990 1
1024 2 plain 1100 1
1024 2 attribute 1100 1
1024 3 moka 475 1
1024 3 plain 500 1
1024 3 attribute 490 1
65536 1 plain 200 1
65536 1 attribute 190 1
65536 1 moka 180 1
1024 1 attribute-redis 300 1
1024 1 redis-get 400 1
";

    fn variant(name: &str) -> &'static Variant {
        VARIANTS.iter().find(|variant| variant.name == name).unwrap()
    }

    fn spread(median: f64, least: f64, most: f64) -> Option<Spread> {
        Some(Spread { median, least, most })
    }

    #[test]
    fn ratios_are_to_the_baseline_of_the_same_round() {
        let results = Results::parse(TEXT).unwrap();
        let ratios = |name| results.ratios(Measure::Throughput, 1024, variant(name));
        assert_eq!(ratios("moka"), spread(0.9, 0.9, 0.95));
        assert_eq!(ratios("attribute"), spread(0.98, 0.95, 1.0));
        assert_eq!(ratios("plain"), spread(1.0, 1.0, 1.0));
        assert_eq!(ratios("attribute-redis"), spread(0.75, 0.75, 0.75));
        assert_eq!(ratios("hitbox"), None);
        assert_eq!(results.rates(1024, "plain"), spread(1000.0, 500.0, 1100.0));
    }

    #[test]
    fn processor_time_makes_up_for_what_else_ran() {
        let results = Results::parse(TEXT).unwrap();
        let ratios = results.ratios(Measure::Processor, 1024, variant("moka"));
        assert_eq!(ratios, spread(0.95, 0.9, 1.0));
        assert_eq!(results.shares(), spread(1.0, 0.9, 1.0));
    }

    #[test]
    fn the_baseline_comes_before_the_fastest() {
        let results = Results::parse(TEXT).unwrap();
        let names = |group| {
            results
                .ranked(group)
                .iter()
                .map(|variant| variant.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names(Group::Memory), ["plain", "attribute", "moka"]);
        assert_eq!(names(Group::Redis), ["redis-get", "attribute-redis"]);
        assert_eq!(results.sizes(), [1024, 65536]);
    }

    #[test]
    fn median_of_an_even_number_lies_between_the_middle_ones() {
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 9.0].into_iter()).unwrap().median, 3.0);
        assert_eq!(Spread::of([].into_iter()), None);
    }

    #[test]
    fn what_is_neither_fact_nor_run_is_refused() {
        let runs = [
            "1024 1 plain 5",
            "1024 1 nobody 5 1",
            "1024 1 plain 0 1",
            "1024 1 plain 5 0",
            "1024 1 plain NaN 1",
        ];
        for line in ["", "#", "# machine"].into_iter().chain(runs) {
            let error = Results::parse(&format!("1024 1 plain 5 1\n{line}\n")).unwrap_err();
            assert!(error.starts_with("line 2: "), "{error}");
        }
    }

    #[test]
    fn run_without_its_baseline_is_refused() {
        let error = Results::parse("1024 1 plain 5 1\n1024 2 moka 5 1\n").unwrap_err();
        assert_eq!(error, "round 2 of 1024 bytes has no run of plain");
    }
}
