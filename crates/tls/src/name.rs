//! Whether a certificate is for a name (RFC 6125, 6.4).

/// How well a certificate is for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// By `*.` in place of the name's first label.
    Wildcard,
    /// By the name itself.
    Exact,
}

/// How `pattern` of a certificate is for `name`. Both may be in any case.
pub(crate) fn fit(pattern: &str, name: &str) -> Option<Fit> {
    if pattern.eq_ignore_ascii_case(name) {
        return Some(Fit::Exact);
    }
    let above = pattern.strip_prefix("*.")?;
    let (first, rest) = name.split_once('.')?;
    (!first.is_empty() && rest.eq_ignore_ascii_case(above)).then_some(Fit::Wildcard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_one_label_and_the_name_itself_fits_better() {
        for (pattern, name, fits) in [
            ("shop.example", "shop.example", Some(Fit::Exact)),
            ("Shop.Example", "shop.eXample", Some(Fit::Exact)),
            ("*.shop.example", "a.shop.example", Some(Fit::Wildcard)),
            ("*.shop.example", "shop.example", None),
            ("*.shop.example", "a.b.shop.example", None),
            ("*.shop.example", ".shop.example", None),
            ("*", "shop", None),
            ("shop.example", "help.example", None),
        ] {
            assert_eq!(fit(pattern, name), fits, "{pattern} {name}");
        }
        assert!(Fit::Exact > Fit::Wildcard);
    }
}
