//! What others computed is what is computed here.

use windlass_analysis::vectors::check;

const FILE: &str = include_str!("../vectors/analysis.json");

#[test]
fn every_public_vector_is_met() {
    let report = check(FILE).expect("the file is read");
    let told: Vec<String> = report
        .blocks
        .iter()
        .map(|b| {
            let why = b.first_failure.as_deref().unwrap_or("");
            format!(
                "{} {}/{} {:e} of {:e} {why}",
                b.name, b.failed, b.cases, b.worst_error, b.tolerance
            )
        })
        .collect();
    assert!(report.ok, "{}", told.join("\n"));
    assert_eq!(report.blocks.len(), 15, "{}", told.join("\n"));
}
