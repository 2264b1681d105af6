//! One report of each kind, as the tools write them.

/// By the place of its reader in `READERS`.
pub(crate) const CORPUS: [&[u8]; 5] = [
    include_bytes!("../corpus/junit.xml"),
    include_bytes!("../corpus/playwright.json"),
    include_bytes!("../corpus/lcov.info"),
    include_bytes!("../corpus/cobertura.xml"),
    include_bytes!("../corpus/figure.json"),
];
