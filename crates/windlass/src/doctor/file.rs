//! The file that is here: whether what it says can be read, and may not be meant as it says it.

use windlass_config::Problem;

use super::Finding;
use crate::diagnostic::Diagnostic;

const CHECK: &str = "file";

/// What says all of it.
const ALL: &str = "windlass validate";

/// What was read: `Ok` with what the file may not mean as it says it, else what is wrong with it. What runs goes on
/// in either case, so none of it is broken.
pub(crate) fn file(name: &str, read: Result<&[Problem], &[Problem]>) -> Finding {
    let is_valid = read.is_ok();
    let (Ok(problems) | Err(problems)) = read;
    let Some(first) = problems.first() else {
        return Finding::ok(CHECK, format!("{name} is valid"));
    };
    let place = first.span.map_or_else(
        || " ".to_owned(),
        |span| format!("{}:{}: ", span.line, span.column),
    );
    let more = match problems.len() {
        1 => String::new(),
        all => format!("; and {} more", all - 1),
    };
    let saw = format!("{name}:{place}{} [{}]{more}", first.message, first.code);
    let hint = first.hint.as_ref().filter(|_| problems.len() == 1);
    let fix = match hint {
        Some(hint) => format!("{hint}; then: {ALL}"),
        None => format!("{ALL} says all of it"),
    };
    Finding::warning(
        CHECK,
        if is_valid {
            saw
        } else {
            format!("{saw}; what runs goes on without it")
        },
        fix,
    )
}

/// One that is there and can't be read.
pub(crate) fn unreadable(why: &Diagnostic) -> Finding {
    Finding::warning(CHECK, why.summary.clone(), format!("{ALL} says more"))
}

#[cfg(test)]
mod tests {
    use windlass_config::{Request, load};

    use super::*;

    fn found(text: &str) -> Finding {
        let read = load(&Request {
            text,
            name: "windlass.yaml",
            environment: None,
            set: &[],
        });
        match &read {
            Ok(loaded) => file("windlass.yaml", Ok(&loaded.warnings)),
            Err(refused) => file("windlass.yaml", Err(&refused.problems)),
        }
    }

    #[test]
    fn what_the_file_may_not_mean_is_told_with_its_place_and_what_to_write() {
        let seen = found("app: shop\nservices:\n  web: { run: [./web, \"~/data\"] }\n");
        insta::assert_snapshot!(seen.saw, @"windlass.yaml:3:23: there is no shell: the `~` of `~/data` stays as it is, and no folder is called so [WL0478]");
        insta::assert_snapshot!(seen.fix.expect("a fix"), @"write ${HOME}/data; leave it where the program itself knows `~`; then: windlass validate");
    }

    #[test]
    fn a_file_with_problems_names_the_first_and_counts_the_others() {
        let seen = found("app: shop\nservices:\n  web: { rum: ./web, redy: / }\n");
        assert!(seen.saw.starts_with("windlass.yaml:3:"), "{}", seen.saw);
        assert!(
            seen.saw.contains(" more; what runs goes on"),
            "{}",
            seen.saw
        );
        let fine = found("app: shop\nservices:\n  web: { run: ./web }\n");
        assert_eq!(fine, Finding::ok("file", "windlass.yaml is valid"));
    }
}
