//! Any bytes to everything here that reads them.

use windlass_analysis::ratio::comparison::Plan;
use windlass_analysis::{replay, vectors};
use windlass_model::{Millis, Rule};

/// Must come back, whatever it is given; what it says does not matter here.
pub(crate) fn read_anything(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let read = [
        replay::replay(&text, Plan::default()).is_ok(),
        replay::rules(
            &text,
            &Rule::defaults(),
            Millis::from_secs(1),
            Plan::default(),
        )
        .is_ok(),
        replay::series(&text).is_ok(),
        vectors::check(&text).is_ok(),
    ];
    std::hint::black_box(read);
}
