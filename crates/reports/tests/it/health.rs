//! What services say of themselves.

use windlass_reports::health;

/// The whole and each part, bad ones with a mark.
fn read(body: &str) -> String {
    let health = match health(body.as_bytes()) {
        Ok(health) => health,
        Err(why) => return format!("unreadable: {why}"),
    };
    let mark = |good: bool| if good { "" } else { "!" };
    let whole = health.whole.map_or("-".to_owned(), |sign| {
        format!("{}{}", mark(sign.good), sign.word)
    });
    let parts = health.parts.iter();
    let parts = parts.map(|(name, sign)| format!("{name}={}{}", mark(sign.good), sign.word));
    format!("{whole} [{}]", parts.collect::<Vec<_>>().join(" "))
}

#[test]
fn the_forms_that_are_about_say_the_same() {
    for (body, said) in [
        (
            r#"{"status":"UP","components":{"db":{"status":"DOWN","details":{"x":1}},"disk":{"status":"UP"}}}"#,
            "UP [db=!DOWN disk=UP]",
        ),
        (
            r#"{"status":"fail","checks":{"db:time":[{"status":"pass"},{"status":"fail"}]}}"#,
            "!fail [db:time=!fail]",
        ),
        (
            r#"{"status":"Healthy","entries":{"redis":{"status":"Unhealthy","duration":"1"}}}"#,
            "Healthy [redis=!Unhealthy]",
        ),
        (
            r#"{"ok":true,"checks":[{"name":"queue","ok":false}]}"#,
            "true [queue=!false]",
        ),
        (
            r#"{"database":"connected","cache":{"healthy":false},"version":"1.2"}"#,
            "- [cache=!false database=connected]",
        ),
    ] {
        assert_eq!(read(body), said, "{body}");
    }
}

#[test]
fn what_is_degraded_works_and_what_is_not_understood_says_nothing() {
    assert_eq!(read(r#"{"status":"degraded"}"#), "degraded []");
    assert_eq!(read(r#"{"status":"lunch","db":7}"#), "- []");
    assert_eq!(read("[1]"), "unreadable: it is no object");
    assert!(read("<html>").starts_with("unreadable: line 1: "));
}

#[test]
fn of_two_that_share_a_name_the_worse_counts() {
    let body = r#"{"checks":{"db":"fail"},"components":{"db":"ok"}}"#;
    assert_eq!(read(body), "- [db=!fail]");
}
