//! One order, from the account to the certificate.

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Identifier, NewOrder, Order, OrderStatus,
    RetryPolicy,
};
use windlass_model::Host;

use crate::accounts::Accounts;
use crate::answers::Answers;
use crate::ask::Asker;
use crate::failure::Failure;
use crate::limits::{STEP_PAUSE, STEP_TIME};
use crate::wanted::Wanted;

const STEPS: RetryPolicy = RetryPolicy::new()
    .initial_delay(STEP_PAUSE)
    .backoff(1.5)
    .timeout(STEP_TIME);

/// What was ordered, as PEM.
pub(crate) struct Made {
    pub(crate) key: String,
    /// The certificate, then those that lead to its root.
    pub(crate) chain: String,
}

/// Orders a certificate. An account that the authority does not know, because it was lost there,
/// is made anew once.
pub(crate) async fn order(
    wanted: &Wanted,
    accounts: &Accounts,
    (asker, answers): (&Asker, &Answers),
) -> Result<Made, Failure> {
    let known = accounts.of(wanted, asker).await?;
    match with_account(&known, &wanted.host, answers).await {
        Err(failure) if failure.is_stranger => {
            let new = accounts.instead_of(&known, wanted, asker).await?;
            with_account(&new, &wanted.host, answers).await
        }
        made => made,
    }
}

async fn with_account(account: &Account, host: &Host, answers: &Answers) -> Result<Made, Failure> {
    let names = [Identifier::Dns(host.as_str().to_owned())];
    let mut order = account.new_order(&NewOrder::new(&names)).await?;
    prove(&mut order, host, answers).await?;
    let key = order.finalize().await?;
    let chain = order.poll_certificate(&STEPS).await?;
    Ok(Made { key, chain })
}

/// Shows that the host is ours, until the authority has seen it.
async fn prove(order: &mut Order, host: &Host, answers: &Answers) -> Result<(), Failure> {
    let mut given = Vec::new();
    let mut all = order.authorizations();
    while let Some(one) = all.next().await {
        let mut one = one?;
        match one.status {
            AuthorizationStatus::Pending => {}
            // Seen not long ago.
            AuthorizationStatus::Valid => continue,
            other => return Err(Failure::own(format!("the authority's leave is {other:?}"))),
        }
        let offered = one.challenge(ChallengeType::TlsAlpn01);
        let mut asked = offered.ok_or_else(|| {
            Failure::own("the authority does not look at listeners (tls-alpn-01)")
        })?;
        let digest = asked.key_authorization().digest();
        given.push(answers.give(host, digest.as_ref())?);
        asked.set_ready().await?;
    }
    let ready = order.poll_ready(&STEPS).await;
    if matches!(ready, Ok(OrderStatus::Ready)) {
        return Ok(());
    }
    // What it saw stands with its question, not with the order.
    match seen(order).await {
        Some(failure) => Err(failure),
        None => Err(ready.map_or_else(Failure::from, |status| {
            Failure::own(format!("the authority's order is {status:?}"))
        })),
    }
}

/// What the authority saw where it looked for a proof, if it says.
async fn seen(order: &mut Order) -> Option<Failure> {
    let mut all = order.authorizations();
    while let Some(Ok(mut one)) = all.next().await {
        let state = one.refresh().await.ok()?;
        let mut problems = state.challenges.iter().filter_map(|it| it.error.as_ref());
        if let Some(problem) = problems.next() {
            return Some(Failure::refused(problem));
        }
    }
    None
}
