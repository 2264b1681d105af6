//! Everything the runtime needs of the world.

use std::rc::Rc;

use windlass_edge::{
    Addresses, Brake, Clock, Gauge, Ids, MetricSource, Prober, Reception, Spawner, Store, Target,
    TrafficRouter,
};

/// The world, as the runtime sees it. `windlass::wire` names the real ones, `testkit` the fakes.
#[derive(Clone)]
pub struct Border {
    /// Work time and calendar time.
    pub clock: Rc<dyn Clock>,
    /// Mints ids.
    pub ids: Rc<dyn Ids>,
    /// Allots addresses.
    pub addresses: Rc<dyn Addresses>,
    /// Starts tasks.
    pub spawner: Rc<dyn Spawner>,
    /// Keeps the journal.
    pub store: Rc<dyn Store>,
    /// Runs releases.
    pub target: Rc<dyn Target>,
    /// Splits traffic.
    pub router: Rc<dyn TrafficRouter>,
    /// Asks for health.
    pub prober: Rc<dyn Prober>,
    /// Asks for numbers that somebody else measures.
    pub metrics: Rc<dyn MetricSource>,
    /// Measures what the health score asks for.
    pub gauge: Rc<dyn Gauge>,
    /// Hears the runs of commands.
    pub reception: Rc<dyn Reception>,
    /// Told of every named place that is reached.
    #[cfg(feature = "crash-points")]
    pub points: Rc<dyn windlass_edge::CrashPoints>,
    /// Whether a person has halted every raise.
    pub brake: Rc<dyn Brake>,
    /// When the backup was made that the journal was restored from, in microseconds since 1970 UTC; none where it
    /// never was.
    pub restored_us: Option<i64>,
}
