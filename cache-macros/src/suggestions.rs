//! Names in error messages: the nearest valid one, or all of them.

use std::fmt::Display;

/// Joins names to a phrase: `` `a`, `b` and `c` ``.
pub(crate) fn listed<T: Display>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
    }
}

/// The name that was probably meant by a misspelled one.
pub(crate) fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_ascii_lowercase();
    // One letter in three may be wrong: with fewer, typos in short names find nothing; with more, unrelated names match.
    let limit = wrong.chars().count().div_ceil(3).max(1);
    names
        .into_iter()
        .map(|name| (distance(&wrong, &name.to_ascii_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, name)| (*distance, letters(name) != letters(&wrong)))
        .map(|(_, name)| name)
}

/// The letters in order: of two equally near names, the one with the same letters wins.
fn letters(name: &str) -> Vec<char> {
    let mut letters: Vec<char> = name.to_ascii_lowercase().chars().collect();
    letters.sort_unstable();
    letters
}

/// The number of letters to insert, delete, replace or swap with their neighbour (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before_last = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let mut cost = (last[j] + usize::from(a != b))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                let swapped: &Vec<usize> = &before_last;
                cost = cost.min(swapped[j - 1] + 1);
            }
            row.push(cost);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, listed, nearest};

    #[test]
    fn distance_counts_edits_and_swaps() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("expire", "expire"), 0);
        assert_eq!(distance("expires", "expire"), 1);
        assert_eq!(distance("exprie", "expire"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn nearest_ignores_unrelated_names() {
        assert_eq!(nearest("ignroe", ["ignore", "expire"]), Some("ignore"));
        assert_eq!(nearest("bd", ["id", "db", "user"]), Some("db"));
        assert_eq!(nearest("Expire", ["ignore", "expire"]), Some("expire"));
        assert_eq!(nearest("compress", ["ignore", "expire"]), None);
    }

    #[test]
    fn names_are_joined_to_a_phrase() {
        assert_eq!(listed::<&str>([]), "nothing");
        assert_eq!(listed(["a"]), "`a`");
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
