//! Every limit of a file, by name.

/// Longest file, in bytes. Checked before anything reads it.
pub const MAX_TEXT_BYTES: usize = 1024 * 1024;
/// Deepest nesting of maps and lists.
pub const MAX_DEPTH: usize = 32;
/// Most values in a file, aliases written out.
pub const MAX_NODES: usize = 20_000;
/// Most bytes of text in a file once its aliases are written out.
pub const MAX_ALIASED_BYTES: usize = 2 * MAX_TEXT_BYTES;
/// Most problems printed; the rest is counted.
pub const MAX_PROBLEMS_PRINTED: usize = 100;
/// Most services of a file.
pub(crate) const MAX_SERVICES: usize = 1000;
/// Most environments of a file.
pub(crate) const MAX_ENVIRONMENTS: usize = 32;
/// Most networks of trusted proxies.
pub(crate) const MAX_NETWORKS: usize = 64;
/// Most hosts that one listener orders certificates for.
pub(crate) const MAX_ORDERED_HOSTS: usize = 100;
/// Longest e-mail address, in bytes (RFC 5321, 4.5.3.1.3).
pub(crate) const MAX_EMAIL_BYTES: usize = 254;
/// Most entries of `candidate_for`, and of each list and map in one of them.
pub(crate) const MAX_FITS: usize = 16;
/// Most times that one request can be sent again.
pub(crate) const MAX_RETRIES: u16 = 5;
/// Most requests at once that a service can be limited to.
pub(crate) const MAX_IN_FLIGHT: u16 = u16::MAX;
/// Most connections at once that an address can be limited to.
pub(crate) const MAX_CONNECTIONS: u16 = u16::MAX;
/// Most entries of `needs`.
pub(crate) const MAX_NEEDS: usize = 64;
/// Most origins of a service of a router that runs alone.
pub(crate) const MAX_ORIGINS: usize = 2;
/// Longest line that clients are told, in characters.
pub(crate) const MAX_LINE_CHARS: usize = 500;
/// Longest maintenance page, in bytes.
pub const MAX_PAGE_BYTES: usize = 64 * 1024;
/// Most addresses of one origin.
pub(crate) const MAX_TARGETS: usize = 100;
/// Most words of `run`.
pub(crate) const MAX_WORDS: usize = 256;
/// Longest word of `run`, value of `env`, path or version, in bytes.
pub(crate) const MAX_WORD_BYTES: usize = 4096;
/// Most entries of `env`.
pub(crate) const MAX_VARIABLES: usize = 256;
/// Most entries of `files`.
pub(crate) const MAX_FILES: usize = 256;
/// Most entries of `before`.
pub(crate) const MAX_BEFORE: usize = 8;
/// Most steps of a canary.
pub(crate) const MAX_STEPS: usize = 50;
/// Most triggers of one list.
pub(crate) const MAX_TRIGGERS: usize = 32;
/// Most conditions of one trigger that must agree.
pub(crate) const MAX_AGREEING: usize = 8;
/// Most metrics of one service.
pub(crate) const MAX_METRICS: usize = 32;
/// Most copies of one service.
pub(crate) const MAX_INSTANCES: u16 = 100;
/// Most instances starting at once.
pub(crate) const MAX_PARALLEL: u16 = 64;
/// Most answers in a row a probe can ask for.
pub(crate) const MAX_IN_A_ROW: u16 = 100;
/// Longest version.
pub(crate) const MAX_VERSION_CHARS: usize = 128;
/// Most "did you mean" searches in one file; each compares with every name.
pub(crate) const MAX_SUGGESTIONS: u32 = 100;
/// Longest piece of the file repeated in a message, in characters.
pub(crate) const MAX_SHOWN_CHARS: usize = 60;
/// Longest line drawn under a problem, in characters.
pub(crate) const MAX_DRAWN_CHARS: usize = 120;
/// Most malformed places told of in one text.
pub(crate) const MAX_PLACES_TOLD: usize = 8;
/// Most categories of a score.
pub(crate) const MAX_CATEGORIES: usize = 32;
/// Most checks of one category.
pub(crate) const MAX_CHECKS: usize = 64;
/// Heaviest weight.
pub(crate) const MAX_WEIGHT: u16 = 1000;
/// Longest remedy, in characters.
pub(crate) const MAX_REMEDY_CHARS: usize = 200;
