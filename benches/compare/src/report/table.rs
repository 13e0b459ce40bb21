//! The results as Markdown.

use std::fmt::Write;

use compare::{Group, with_version};

use crate::results::{Measure, Results, Spread, size};

pub(crate) fn markdown(results: &Results) -> String {
    let mut page = String::new();
    let mut line = |text: &str| writeln!(page, "{text}").expect("a String takes all that is written");
    line("# Beside others\n");
    line(
        "Written by `scripts/compare.sh`. Requests per second, and per second of the server's processor time, as ratios to",
    );
    line(
        "those of the first line in the same round: median (least–most). The two differ where a server shared its core.\n",
    );
    line("![Requests per second as bars](compare.svg)\n");
    for (name, value) in &results.facts {
        line(&format!("- {name}: {value}"));
    }
    if let Some(shares) = results.shares() {
        let Spread { median, least, .. } = shares;
        line(&format!(
            "- share of its core that a server had: {median:.2}, at least {least:.2}"
        ));
    }
    for group in Group::ALL {
        line(&section(results, group).unwrap_or_default());
    }
    page
}

/// `None` where nothing was measured.
fn section(results: &Results, group: Group) -> Option<String> {
    let ranked = results.ranked(group);
    let baseline = ranked.first()?;
    let sizes = results.sizes();
    let columns: Vec<(Measure, usize)> = [Measure::Throughput, Measure::Processor]
        .into_iter()
        .flat_map(|measure| sizes.iter().map(move |bytes| (measure, *bytes)))
        .collect();

    let heads = columns.iter().map(|(measure, bytes)| match measure {
        Measure::Throughput => size(*bytes),
        Measure::Processor => format!("{}, processor", size(*bytes)),
    });
    let mut lines = vec![
        format!("\n## {}\n", title(group)),
        format!("| | crates | {} |", joined(heads, " | ")),
        format!("|---|---|{}", "---|".repeat(columns.len())),
    ];
    for variant in &ranked {
        let ratios = columns.iter().map(|(measure, bytes)| {
            let spread = results.ratios(*measure, *bytes, variant);
            spread.map_or("–".to_owned(), ratio)
        });
        let crates = joined(variant.crates.iter().map(|name| with_version(name)), ", ");
        lines.push(format!(
            "| {} | {crates} | {} |",
            variant.label,
            joined(ratios, " | ")
        ));
    }
    let rates = sizes.iter().filter_map(|bytes| {
        let rate = results.rates(*bytes, baseline.name)?.median;
        Some(format!("{rate:.0} at {}", size(*bytes)))
    });
    lines.push(format!(
        "\n1.00 is, in requests per second: {}.",
        joined(rates, ", ")
    ));
    Some(lines.join("\n"))
}

fn joined(texts: impl Iterator<Item = String>, with: &str) -> String {
    texts.collect::<Vec<_>>().join(with)
}

/// A group's title in the report.
pub(crate) fn title(group: Group) -> &'static str {
    match group {
        Group::Memory => "Entries in memory",
        Group::Redis => "Entries in Redis",
        Group::NotModified => "The client has the page",
        Group::NoStore => "Bypass by no-store",
        Group::Post => "Bypass by POST",
    }
}

/// `0.96 (0.94–0.98)`
pub(crate) fn ratio(spread: Spread) -> String {
    let Spread { median, least, most } = spread;
    format!("{median:.2} ({least:.2}–{most:.2})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::TEXT;

    #[test]
    fn table_has_a_line_for_each_variant_and_columns_for_each_size() {
        let page = markdown(&Results::parse(TEXT).unwrap());
        let own = with_version("handler-cache");
        for part in [
            "\n- machine: two cores\n- date: 2019-05-09\n- share of its core that a server had: 1.00, at least 0.90\n",
            "\n## Entries in memory\n\n\
             | | crates | 1 KiB | 64 KiB | 1 KiB, processor | 64 KiB, processor |\n\
             |---|---|---|---|---|---|\n\
             | plain axum",
            &format!(
                "\n| `#[cache]` | {own} | 0.98 (0.95–1.00) | 0.95 (0.95–0.95) | 0.98 (0.95–1.00) | 0.95 (0.95–0.95) |\n"
            ),
            "| 0.90 (0.90–0.95) | 0.90 (0.90–0.90) | 0.95 (0.90–1.00) | 0.90 (0.90–0.90) |\n",
            // Nothing was measured with Redis and the large page.
            &format!("\n| `#[cache]` | {own} | 0.75 (0.75–0.75) | – | 0.75 (0.75–0.75) | – |\n"),
            "requests per second: 1000 at 1 KiB, 200 at 64 KiB.\n",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
    }
}
