//! The router's program beside another one: a router goes on as it is until it is told to be renewed.

use windlass_control::RouterProgram;

use super::words::harmless;

/// The router's version and, where that is not the version of `whose` program, both, and what to do if
/// it is the earlier one.
pub(crate) fn router_line(router: &RouterProgram, (whose, ours): (&str, &RouterProgram)) -> String {
    let version = match &router.version {
        Some(version) => harmless(version),
        None => "of an earlier version".to_owned(),
    };
    if router == ours {
        return format!("router {version}");
    }
    let same = router.version == ours.version;
    let build = if same { ", another build" } else { "" };
    let own = harmless(ours.version.as_deref().unwrap_or("unknown"));
    let both = format!("router {version}{build}, {whose} {own}");
    if router.is_older_than(ours) {
        format!("{both}: windlass router upgrade")
    } else {
        format!("{both}, which is older")
    }
}

#[cfg(test)]
mod tests {
    use windlass_control::Level;

    use super::*;

    fn program(version: Option<&str>, level: u32) -> RouterProgram {
        RouterProgram {
            version: version.map(str::to_owned),
            level: Level(level),
        }
    }

    #[test]
    fn a_router_of_another_version_is_told_with_the_way_out() {
        let ours = program(Some("0.2.0"), 2);
        let line = |router: &RouterProgram| router_line(router, ("this program", &ours));
        let lines = [
            ours.clone(),
            program(Some("0.1.0"), 1),
            program(None, 1),
            program(Some("0.2.0"), 1),
            program(Some("0.3.0"), 2),
        ]
        .map(|router| line(&router));
        insta::assert_snapshot!(lines.join("\n"), @r"
        router 0.2.0
        router 0.1.0, this program 0.2.0: windlass router upgrade
        router of an earlier version, this program 0.2.0: windlass router upgrade
        router 0.2.0, another build, this program 0.2.0: windlass router upgrade
        router 0.3.0, this program 0.2.0, which is older
        ");
    }
}
