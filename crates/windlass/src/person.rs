//! Who types, as the journal keeps it.

use std::fs;

use rustix::process::getuid;
use windlass_api::BY_MAX;
use windlass_model::is_obeyed;

/// The users of this machine. Those of a directory service are not in it: they keep their number.
const USERS: &str = "/etc/passwd";

/// The name that the surroundings say, else that of the user, else the user's number. Kept as a text, so
/// that it is right also once the user has another name, or none.
pub(crate) fn person() -> String {
    let said = ["USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| is_name(user)));
    let uid = getuid().as_raw();
    let named = || named(&fs::read_to_string(USERS).ok()?, uid);
    said.or_else(named).unwrap_or_else(|| format!("uid {uid}"))
}

/// The name of a user among lines as `passwd(5)` has them; the first one counts.
fn named(users: &str, uid: u32) -> Option<String> {
    let mut lines = users.lines().map(|line| line.split(':'));
    lines.find_map(|mut fields| {
        let name = fields.next()?;
        let its = fields.nth(1)?.parse::<u32>().ok()?;
        (its == uid && is_name(name)).then(|| name.to_owned())
    })
}

/// Whether the controller takes it: it is shown on terminals.
fn is_name(text: &str) -> bool {
    (1..=BY_MAX).contains(&text.chars().count()) && !text.chars().any(is_obeyed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "\
root:x:0:0:root:/root:/bin/bash
+::::::
broken
:x:7:7::/:/bin/sh
mira:x:1000:1000:Mira,,,:/home/mira:/bin/sh
same:x:1000:1000::/:/bin/sh
";

    #[test]
    fn a_user_is_named_by_the_first_line_that_has_the_number() {
        let names = [0, 1000, 7, 5].map(|uid| named(LINES, uid));
        let names = names.each_ref().map(Option::as_deref);
        assert_eq!(names, [Some("root"), Some("mira"), None, None]);
    }

    #[test]
    fn what_a_terminal_would_obey_is_no_name() {
        assert!(!is_name("mira\u{1b}[2J") && !is_name("") && is_name("mira o'jo"));
        assert!(!is_name(&"m".repeat(BY_MAX + 1)));
    }
}
