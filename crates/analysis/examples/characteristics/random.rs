//! Random numbers that are the same in every run.

/// xoshiro256++ of Blackman and Vigna, seeded by SplitMix64.
pub(crate) struct Random([u64; 4]);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut state = seed;
        Self([(); 4].map(|()| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }))
    }

    fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// Between 0 and 1, without both.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    pub(crate) fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Tries until the first hit, with it, at a chance of `p`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and saturating is right"
    )]
    pub(crate) fn tries(&mut self, p: f64) -> u64 {
        if p <= 0.0 {
            return u64::MAX;
        }
        let tries = (self.unit().ln() / (-p).ln_1p()).floor();
        (tries as u64).saturating_add(1)
    }

    /// Hits in `n` tries.
    pub(crate) fn hits(&mut self, n: u64, p: f64) -> u64 {
        let (mut hits, mut at) = (0, self.tries(p));
        while at <= n {
            hits += 1;
            at = at.saturating_add(self.tries(p));
        }
        hits
    }

    /// A normal value of mean 0 and variance 1 (Box and Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// Requests of two releases, of which only the bad ones are drawn: the others change nothing.
pub(crate) struct Stream {
    pub(crate) random: Random,
    /// The stable release's rate.
    pub(crate) stable: f64,
    /// The candidate's.
    pub(crate) candidate: f64,
    /// The candidate's share of the requests.
    pub(crate) share: f64,
}

impl Stream {
    fn bad(&self) -> f64 {
        self.share * self.candidate + (1.0 - self.share) * self.stable
    }

    /// Requests until the next bad one, with it, and whether it is the candidate's.
    pub(crate) fn next(&mut self) -> (u64, bool) {
        let bad = self.bad();
        let requests = self.random.tries(bad);
        (
            requests,
            self.random.unit() < self.share * self.candidate / bad,
        )
    }
}
