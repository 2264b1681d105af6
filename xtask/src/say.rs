//! The one place of the chores that prints.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is what prints for the chores"
)]

const USAGE: &str = "\
usage: cargo xtask COMMAND

  setup                    install what tests and benches need; nothing twice
  test [--fast]            set-up, format, lints, build, every test; --fast leaves out real components
  dist                     build what ships, and say where it is
  learn                    have the compiler learn anew how that is used, and keep it with the sources
  bench [NAME [--only PART]] [--binary FILE] [-o json]
                           measure the build that ships against anchors of the same run
  api-fuzz                 ask the API of a real controller in every way, with schemathesis
  sweep [--plan NAME|all] [--share PERCENT] [--seed N] [--only POINT] [-o json]
                           kill the product at every named point and compare what is left
  e2e [--only NAME] [--healthy N] [--rate N] [--binary FILE] [-o json]
                           deploy ten bad candidates and ten good ones under load, and say what came of them
";

/// Prints one line of talk or of a runner's output.
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// Prints text as it is, without a line end of its own.
pub(crate) fn text(text: &str) {
    print!("{text}");
}

/// Prints one line of talk where standard output is kept for data.
pub(crate) fn aside(text: &str) {
    eprintln!("{text}");
}

/// Prints how the chores are called, after what was wrong with this call.
pub(crate) fn usage(problem: &str) {
    if !problem.is_empty() {
        eprintln!("cargo xtask: {problem}\n");
    }
    eprint!("{USAGE}");
}

/// Prints why a chore failed, with every cause.
pub(crate) fn failure(error: &anyhow::Error) {
    eprintln!("cargo xtask: {error:#}");
}
