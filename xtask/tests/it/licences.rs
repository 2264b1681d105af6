//! Every package's licence allows what we do with it.

use crate::deny::allowed_licences;
use crate::tree::{assert_none, graph};

/// Whether a licence expression can be met with the allowed licences alone.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let met = any(&mut rest, allowed);
    met && rest.is_empty()
}

/// `one OR other`
fn any(rest: &mut &[&str], allowed: &[String]) -> bool {
    let mut met = all(rest, allowed);
    while let Some((&"OR", after)) = rest.split_first() {
        *rest = after;
        // Both sides are always read, so that the rest of the expression is reached.
        let other = all(rest, allowed);
        met = met || other;
    }
    met
}

/// `one AND other`, which binds closer.
fn all(rest: &mut &[&str], allowed: &[String]) -> bool {
    let mut met = one(rest, allowed);
    while let Some((&"AND", after)) = rest.split_first() {
        *rest = after;
        let other = one(rest, allowed);
        met = met && other;
    }
    met
}

/// A licence, one with an exception, or an expression in brackets.
fn one(rest: &mut &[&str], allowed: &[String]) -> bool {
    let Some((&word, after)) = rest.split_first() else {
        return false;
    };
    *rest = after;
    if word == "(" {
        let met = any(rest, allowed);
        let Some((&")", after)) = rest.split_first() else {
            return false;
        };
        *rest = after;
        return met;
    }
    if let [with, exception, after @ ..] = *rest
        && *with == "WITH"
    {
        *rest = after;
        return allowed.contains(&format!("{word} WITH {exception}"));
    }
    allowed.iter().any(|licence| licence == word)
}

#[test]
fn every_package_has_an_allowed_licence() {
    let allowed = allowed_licences();
    let graph = graph();
    assert!(graph.packages.len() > 20, "the graph is nearly empty");
    let refused: Vec<String> = graph
        .packages
        .iter()
        .filter(|package| {
            !package
                .license
                .as_ref()
                .is_some_and(|l| is_allowed(l, &allowed))
        })
        .map(|package| format!("{}: {:?}", package.name, package.license))
        .collect();
    assert_none(&refused);
}

#[test]
fn an_expression_is_judged_as_written() {
    let allowed = ["MIT", "Apache-2.0"].map(str::to_owned);
    for good in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0 OR MIT",
        "(GPL-3.0 OR MIT) AND Apache-2.0",
        "Apache-2.0 WITH LLVM-exception OR MIT",
    ] {
        assert!(is_allowed(good, &allowed), "{good} was refused");
    }
    for bad in [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "GPL-3.0 OR MIT AND ISC",
        "Apache-2.0 WITH LLVM-exception",
        "(MIT",
        "MIT MIT",
        "",
    ] {
        assert!(!is_allowed(bad, &allowed), "{bad} was allowed");
    }
}
