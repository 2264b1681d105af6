//! Questions that outlive the controller they were asked of.

use std::time::{Duration, Instant};

use crate::{Client, ClientError, Reach, Starting};

/// Controllers that may die under one question.
const DEATHS_MAX: u32 = 10;

/// Longest wait for another controller elsewhere, where none is started from here.
const GONE_MAX: Duration = Duration::from_mins(1);

/// How long one that ends may still answer greetings.
const ENDING_MAX: Duration = Duration::from_secs(5);

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(50);

impl Client {
    /// Asks; a controller that dies or is replaced before it answers leaves the question to the next
    /// one, which is started here if nobody else does. Only for what may be asked twice: a look, or a
    /// deployment under one key.
    ///
    /// # Errors
    /// Those of the question; no other controller that could be reached.
    pub async fn outliving<T>(
        &self,
        starting: &Starting,
        ask: impl AsyncFn(&Self) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let mut client = self.clone();
        let mut deaths = 0;
        loop {
            let met = match ask(&client).await {
                Err(met) if met.is_death() && deaths < DEATHS_MAX => met,
                answered => return answered,
            };
            deaths += 1;
            client = client.successor(starting, met).await?;
        }
    }

    /// The controller after this one, of which `met` was the last that was heard.
    async fn successor(&self, starting: &Starting, met: ClientError) -> Result<Self, ClientError> {
        let begun = Instant::now();
        loop {
            match Self::connect_or_start(self.reach(), starting).await {
                Ok(next) if next.controller() != self.controller() => return Ok(next),
                // Whoever has not died has no successor.
                Ok(_itself) if begun.elapsed() > ENDING_MAX => return Err(met),
                Ok(_itself) => {}
                Err(failed) => {
                    let is_elsewhere = matches!(self.reach(), Reach::Elsewhere(_));
                    if !(is_elsewhere && failed.passes() && begun.elapsed() < GONE_MAX) {
                        return Err(failed);
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
