//! The project's own chores: `cargo xtask setup`, `cargo xtask test`, `cargo xtask dist`, `cargo xtask learn`,
//! `cargo xtask bench`, `cargo xtask api-fuzz`.
//!
//! Everything here drives the same tools that a person would type, says what it runs, and names the
//! stage that failed with its exit code.

mod api_fuzz;
mod arguments;
mod bench;
mod dist;
mod e2e;
mod pure;
mod say;
mod setup;
mod stage;
mod sweep;
mod test;
mod workspace;

use std::process::ExitCode;

use arguments::Chore;
use test::Verdict;

/// The exit code for a command line that was not understood, as in the product itself.
const EXIT_USAGE: u8 = 64;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let chore = match arguments::parse(&words) {
        Ok(chore) => chore,
        Err(problem) => {
            say::usage(&problem);
            return ExitCode::from(EXIT_USAGE);
        }
    };
    perform(&chore).unwrap_or_else(|error| {
        say::failure(&error);
        ExitCode::FAILURE
    })
}

fn perform(chore: &Chore) -> anyhow::Result<ExitCode> {
    match chore {
        Chore::Setup => setup::run()?,
        Chore::Test(extent) => match test::run(*extent)? {
            Verdict::Passed => {}
            Verdict::Failed => return Ok(ExitCode::FAILURE),
        },
        Chore::Bench(ask) => bench::run(ask)?,
        Chore::Dist => dist::run()?,
        Chore::Learn => dist::learn()?,
        Chore::ApiFuzz => api_fuzz::run()?,
        Chore::Sweep(ask) => sweep::run(ask)?,
        Chore::E2e(ask) => e2e::run(ask)?,
    }
    Ok(ExitCode::SUCCESS)
}
