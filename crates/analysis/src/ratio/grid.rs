//! The alternatives that are weighed against "no worse".

use serde::{Deserialize, Serialize};

use crate::numbers::bits;

/// Alternatives.
pub(crate) const POINTS: usize = 24;

/// How many times the tolerated ratio the alternatives lie at: 24 points from 1.25 to 50, the same
/// factor apart. Written down, so that they are the same figures on every machine.
pub const GRID: [f64; POINTS] = [
    1.25,
    1.467_455_009_805,
    1.722_739_364_642,
    2.022_434_008_986,
    2.374_264_734_79,
    2.787_301_343_737,
    3.272_191_456_563,
    3.841_434_996_781,
    4.509_706_424_694,
    5.294_233_028_535,
    6.215_239_024_64,
    7.296_466_915_076,
    8.565_789_542_725,
    10.055_928_621_928,
    11.805_298_267_594,
    13.858_995_268_022,
    16.269_961_629_541,
    19.100_349_362_088,
    22.423_122_688_341,
    26.323_938_979_588,
    30.903_356_906_724,
    36.279_428_730_059,
    42.590_743_554_239,
    50.0,
];

/// `ln(1/24)`: every alternative weighs the same.
pub(crate) const LN_WEIGHT: f64 = -3.178_053_830_347_945_8;

/// What is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// That the candidate is worse than tolerated.
    Harm,
    /// That it is better than the bound: no worse than so many times.
    NotWorse,
}

/// What is doubted: that the ratio of the two rates is on the other side of a bound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// What is to be shown.
    pub side: Side,
    /// The ratio of the rates that is still tolerated, above zero. At 1 any worsening counts.
    #[serde(with = "bits")]
    pub bound: f64,
}

impl Test {
    /// Shows that the candidate is more than `bound` times as bad.
    pub const fn harm(bound: f64) -> Self {
        Self {
            side: Side::Harm,
            bound,
        }
    }

    /// Shows that the candidate is less than `bound` times as bad.
    pub const fn not_worse(bound: f64) -> Self {
        Self {
            side: Side::NotWorse,
            bound,
        }
    }

    /// The alternative that lies `times` away from the bound.
    pub(crate) fn alternative(self, times: f64) -> f64 {
        match self.side {
            Side::Harm => self.bound * times,
            Side::NotWorse => self.bound / times,
        }
    }
}

/// What one bad event adds to the log of each alternative, at one share of traffic.
///
/// `c_j = ln((1 - π + π r_j) / (1 - π + π r_0))`; a bad event of the candidate adds
/// `ln(r_j / r_0) - c_j`, one of the stable release `-c_j` (ANALYSIS 1a.1).
#[derive(Clone, Debug)]
pub(crate) struct Factors {
    pub(crate) share: f64,
    pub(crate) candidate: [f64; POINTS],
    pub(crate) stable: [f64; POINTS],
}

impl Factors {
    pub(crate) fn new(test: Test, share: f64) -> Self {
        // Not `ln_1p`: it takes twice as long, and what it is better by is 1e-16 nats for each event.
        let log = |ratio: f64| (1.0 + share * (ratio - 1.0)).ln();
        let at_bound = log(test.bound);
        let stable = GRID.map(|times| at_bound - log(test.alternative(times)));
        let sign = match test.side {
            Side::Harm => 1.0,
            Side::NotWorse => -1.0,
        };
        let mut candidate = stable;
        for (factor, log) in candidate.iter_mut().zip(&LN_GRID) {
            *factor += sign * log;
        }
        Self {
            share,
            candidate,
            stable,
        }
    }
}

/// The logs of [`GRID`].
const LN_GRID: [f64; POINTS] = [
    0.223_143_551_314_209_76,
    0.383_529_614_536_358_25,
    0.543_915_677_758_835,
    0.704_301_740_981_107_9,
    0.864_687_804_203_587_8,
    1.025_073_867_425_829_5,
    1.185_459_930_648_144_4,
    1.345_845_993_870_658_4,
    1.506_232_057_092_978_6,
    1.666_618_120_315_390_5,
    1.827_004_183_537_695_6,
    1.987_390_246_760_007_3,
    2.147_776_309_982_299_7,
    2.308_162_373_204_680_3,
    2.468_548_436_427_016,
    2.628_934_499_649_418_4,
    2.789_320_562_871_742_6,
    2.949_706_626_094_098,
    3.110_092_689_316_406,
    3.270_478_752_538_762,
    3.430_864_815_761_104,
    3.591_250_878_983_465_6,
    3.751_636_942_205_806_2,
    3.912_023_005_428_146,
];
