//! Crash points: places in a controller's life that have a name.

/// Whoever is told that a named place was reached; a proof may end the controller there.
///
/// Only a build with the feature `crash-points` calls it.
pub trait CrashPoints {
    /// The controller is at this point now. Does not come back if it is to die here.
    fn reach(&self, point: &str);
}
