//! All statements, for the test that prepares each.

use super::{
    check, deployments, environments, happenings, installation, journal, plans, schema, scores,
    seen,
};

/// Every SQL statement that is run on a store whose schema is up to date.
pub fn statements() -> Vec<&'static str> {
    [
        check::ALL,
        deployments::ALL,
        environments::ALL,
        happenings::ALL,
        installation::ALL,
        journal::ALL,
        plans::ALL,
        schema::ALL,
        scores::ALL,
        seen::ALL,
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_statement_is_missing_from_the_list() {
        let mut constants = 0;
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/queries");
        for entry in std::fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("it can be listed").path();
            // Transaction words have no tables to be checked against.
            if path
                .file_stem()
                .is_some_and(|stem| stem != "list" && stem != "transaction")
            {
                let text = std::fs::read_to_string(&path).expect("it is text");
                let sql = |line: &&str| line.starts_with("const ") && line.contains(": &str =");
                constants += text.lines().filter(sql).count();
            }
        }
        assert_eq!(super::statements().len(), constants);
    }
}
