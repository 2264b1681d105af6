//! Tokens for people, never with a secret.

use jiff::tz::TimeZone;
use windlass_api::{Scope, TokenView};

use super::Style;
use super::grid::Grid;
use super::time::of_calendar;
use super::words::harmless;

/// One row a token.
pub(crate) fn tokens_text(tokens: &[TokenView], now_us: i64, style: &Style) -> String {
    if tokens.is_empty() {
        return "no tokens\n".to_owned();
    }
    let rows = tokens.iter().map(|token| {
        vec![
            harmless(&token.id),
            scope(token.scope).to_owned(),
            of_calendar(token.created_us, &style.zone),
            end(token, now_us, &style.zone),
            harmless(&token.name),
        ]
    });
    let header = ["TOKEN", "SCOPE", "MADE", "ENDS", "NAME"];
    // A list that is cut or wrapped is no list: ids are copied from it.
    Grid::new(&header, rows.collect()).text(None)
}

/// What is kept of a token, in one line.
pub(crate) fn kept(token: &TokenView, now_us: i64, zone: &TimeZone) -> String {
    let (id, scope) = (harmless(&token.id), scope(token.scope));
    format!(
        "token {id}, scope {scope}, ends {}",
        end(token, now_us, zone)
    )
}

fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Operate => "operate",
        Scope::Deploy => "deploy",
    }
}

fn end(token: &TokenView, now_us: i64, zone: &TimeZone) -> String {
    match token.expires_us {
        None => "never".to_owned(),
        Some(at) if at <= now_us => format!("ended {}", of_calendar(at, zone)),
        Some(at) => of_calendar(at, zone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_what_each_token_allows_and_until_when() {
        let made = |id: &str, scope, expires_us| TokenView {
            id: id.to_owned(),
            name: "ci".to_owned(),
            scope,
            created_us: 1_795_269_731_000_000,
            expires_us,
        };
        let all = [
            made("tok_1", Scope::Read, None),
            made("tok_2", Scope::Operate, Some(1_795_269_741_000_000)),
            made("tok_3", Scope::Deploy, Some(1_795_269_761_000_000)),
        ];
        let text = tokens_text(&all, 1_795_269_751_000_000, &Style::plain());
        insta::assert_snapshot!(text, @r"
        TOKEN  SCOPE    MADE                 ENDS                       NAME
        tok_1  read     2026-11-21 14:02:11  never                      ci
        tok_2  operate  2026-11-21 14:02:11  ended 2026-11-21 14:02:21  ci
        tok_3  deploy   2026-11-21 14:02:11  2026-11-21 14:02:41        ci
        ");
        assert_eq!(tokens_text(&[], 0, &Style::plain()), "no tokens\n");
    }
}
