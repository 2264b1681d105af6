//! What all sentences look like, for a schema.

/// One regular expression for all of them.
pub(in crate::decode) fn pattern() -> String {
    let number = "(0|[1-9][0-9]{0,2})(\\.[0-9]{1,2})?";
    let share = format!("{number} *%");
    let time = "(?=[0-9])([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?";
    let lasting = format!("for +{time}");
    let against = format!("{number}x +baseline +{lasting}");
    let name = "[A-Za-z][A-Za-z0-9_.-]{0,63}";
    let measure = "(0|[1-9][0-9]{0,8})(\\.[0-9]{1,6})?";
    let kinds = [
        "crash".to_owned(),
        "readiness +lost".to_owned(),
        format!("error +rate *> *({share} *(for|over) +{time}|{against})"),
        "error +rate +worse +than +baseline".to_owned(),
        format!(
            "(p(0|[1-9][0-9]?)(\\.[0-9]{{1,2}})?|response +time) *> *({time} +{lasting}|{against})"
        ),
        format!("unavailable +{lasting}"),
        format!("probe +{name} +failing +{lasting}"),
        format!("memory *> *{share} *{lasting}"),
        format!("score +drops +({share}|{number} +points?)"),
        format!("metric +{name} *> *({share} *|{measure} +)(for|over) +{time}"),
    ];
    format!("^ *({}) *$", kinds.join("|"))
}
