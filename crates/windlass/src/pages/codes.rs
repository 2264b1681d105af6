//! One page per error code: the files of `docs/errors/`.

/// Codes that are shown when one is unknown.
const NEAREST: usize = 3;

/// There is no such page or code.
pub(crate) const NO_PAGE: &str = "WL0433";

/// Code and page, in order of the codes; `build.rs` lists the folder.
const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/error_pages.rs"));

/// Codes that are further away are none that was meant.
const NEAR: u32 = 20;

/// One code with its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CodePage {
    /// Such as `WL0402`.
    pub(crate) code: &'static str,
    /// The whole page, as Markdown.
    pub(crate) text: &'static str,
}

/// Every code that has a page, in order.
pub(crate) fn codes() -> impl Iterator<Item = CodePage> {
    let pages = PAGES.iter();
    pages.map(|&(code, text)| CodePage { code, text })
}

impl CodePage {
    /// What it means, in a few words: the heading without the code.
    pub(crate) fn title(self) -> &'static str {
        let heading = self.text.lines().next().unwrap_or_default();
        heading.split_once(": ").map_or(heading, |(_, title)| title)
    }
}

/// The page of a code, however it was typed: `WL0042`, `wl42`, `42`, `error[WL0042]`.
pub(crate) fn known(typed: &str) -> Option<CodePage> {
    let number = number(typed)?;
    codes().find(|page| self::number(page.code) == Some(number))
}

/// The codes that are nearest to what was typed.
pub(crate) fn nearest(typed: &str) -> Vec<&'static str> {
    let Some(wanted) = number(typed) else {
        return Vec::new();
    };
    let mut codes: Vec<(u32, &'static str)> = codes()
        .filter_map(|page| Some((number(page.code)?.abs_diff(wanted), page.code)))
        .filter(|(distance, _)| *distance <= NEAR)
        .collect();
    codes.sort_unstable();
    codes
        .into_iter()
        .take(NEAREST)
        .map(|(_, code)| code)
        .collect()
}

/// The number in a code.
fn number(typed: &str) -> Option<u32> {
    let digits = typed
        .trim_start_matches("error")
        .trim_matches(['[', ']', ':', ' '])
        .trim_start_matches(['W', 'w'])
        .trim_start_matches(['L', 'l'])
        .trim_start_matches('-');
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        for typed in [
            "WL0402",
            "wl0402",
            "wl402",
            "402",
            "error[WL0402]",
            "error[WL0402]:",
        ] {
            let page = known(typed).map(|page| page.code);
            assert_eq!(page, Some("WL0402"), "{typed}");
        }
        for typed in ["wl9999", "", "wl", "four", "-1"] {
            assert_eq!(known(typed), None, "{typed}");
        }
    }

    #[test]
    fn an_unknown_code_has_near_ones() {
        assert_eq!(nearest("wl400"), ["WL0401", "WL0402", "WL0403"]);
        assert!(nearest("nonsense").is_empty());
        assert!(nearest("wl9999").is_empty());
    }

    #[test]
    fn a_page_of_the_file_has_the_title_that_its_problem_has() {
        for code in windlass_config::CODES {
            let page = known(code.code).map(CodePage::title);
            assert_eq!(page, Some(code.title), "docs/errors/{}.md", code.code);
        }
    }

    #[test]
    fn a_page_says_what_it_means_where_traffic_is_and_what_to_do() {
        for page in codes() {
            let CodePage { code, text } = page;
            assert!(text.starts_with(&format!("# {code}: ")), "{code}");
            for heading in ["\n## Traffic\n\n", "\n## What to do\n\n"] {
                assert!(text.contains(heading), "{code}: {heading:?}");
            }
            assert!(text.ends_with('\n'), "{code}");
        }
    }
}
