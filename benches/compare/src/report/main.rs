//! Makes a Markdown table and a chart of what `scripts/compare.sh` measured.
//!
//! `report <results> <directory>` writes `compare.md` and `compare.svg`.

use std::{env, error::Error, fs, path::Path, process::ExitCode};

use results::Results;

mod results;
mod table;
mod chart;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [results, directory] = &arguments[..] else {
        eprintln!("usage: report <results> <directory>");
        return ExitCode::FAILURE;
    };
    match report(Path::new(results), Path::new(directory)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("report {results}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn report(results: &Path, directory: &Path) -> Result<(), Box<dyn Error>> {
    let results = Results::parse(&fs::read_to_string(results)?)?;
    fs::write(directory.join("compare.md"), table::markdown(&results))?;
    fs::write(directory.join("compare.svg"), chart::svg(&results))?;
    Ok(())
}
