//! Accounts: the one that is kept, or a new one. Orders of one authority that begin together share it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use instant_acme::{Account, NewAccount};
use tokio::sync::Mutex as Turn;

use crate::ask::Asker;
use crate::failure::Failure;
use crate::store::{BadNote, Store};
use crate::wanted::Wanted;

/// All accounts of a router.
#[derive(Debug)]
pub(crate) struct Accounts {
    store: Store,
    /// By authority: whoever makes an account there has this. An authority that does not answer keeps
    /// nobody from another one.
    making: Mutex<BTreeMap<String, Arc<Turn<()>>>>,
}

impl Accounts {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            making: Mutex::default(),
        }
    }

    /// The account that is kept, or a new one, which is.
    pub(crate) async fn of(&self, wanted: &Wanted, asker: &Asker) -> Result<Account, Failure> {
        match self.kept(wanted, asker).await {
            Ok(Some(account)) => return Ok(account),
            Err(Unkept::Failed(why)) => return Err(why),
            Ok(None) | Err(Unkept::Damaged(_)) => {}
        }
        let making = self.making(wanted);
        let _alone = making.lock().await;
        match self.kept(wanted, asker).await {
            // Another order made it meanwhile.
            Ok(Some(account)) => return Ok(account),
            Ok(None) => {}
            Err(Unkept::Damaged(why)) => {
                tracing::warn!(directory = wanted.directory, %why,
                    "an account is damaged: it is laid aside, and a new one is made");
                self.lay_aside(wanted)?;
            }
            Err(Unkept::Failed(why)) => return Err(why),
        }
        self.make(wanted, asker).await
    }

    /// Another account in place of `lost`, which its authority does not know.
    pub(crate) async fn instead_of(
        &self,
        lost: &Account,
        wanted: &Wanted,
        asker: &Asker,
    ) -> Result<Account, Failure> {
        let making = self.making(wanted);
        let _alone = making.lock().await;
        match self.kept(wanted, asker).await {
            // Another order has replaced it meanwhile.
            Ok(Some(account)) if account.id() != lost.id() => return Ok(account),
            Ok(Some(_)) | Err(Unkept::Damaged(_)) => self.lay_aside(wanted)?,
            Ok(None) => {}
            Err(Unkept::Failed(why)) => return Err(why),
        }
        self.make(wanted, asker).await
    }

    async fn kept(&self, wanted: &Wanted, asker: &Asker) -> Result<Option<Account>, Unkept> {
        let kept = self.store.account(wanted);
        let unkept = |why: BadNote| {
            if why.is_damaged {
                return Unkept::Damaged(why.to_string());
            }
            // Its key may be good: it is not given up for a new one.
            Unkept::Failed(Failure::own(format!("the account can't be used: {why}")))
        };
        let Some(credentials) = kept.map_err(unkept)? else {
            return Ok(None);
        };
        let builder = Account::builder_with_http(Box::new(asker.clone()));
        let account = builder.from_credentials(credentials).await;
        account
            .map(Some)
            .map_err(|why| Unkept::Failed(Failure::from(why)))
    }

    async fn make(&self, wanted: &Wanted, asker: &Asker) -> Result<Account, Failure> {
        let contact = wanted.email.as_ref().map(|email| format!("mailto:{email}"));
        let contact: Vec<&str> = contact.as_deref().into_iter().collect();
        let new = NewAccount {
            contact: &contact,
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let builder = Account::builder_with_http(Box::new(asker.clone()));
        let made = builder.create(&new, wanted.directory.clone(), None).await;
        let (account, credentials) = made?;
        let kept = self.store.keep_account(wanted, credentials);
        kept.map_err(|why| Failure::own(format!("the account can't be kept: {why}")))?;
        Ok(account)
    }

    fn lay_aside(&self, wanted: &Wanted) -> Result<(), Failure> {
        let laid = self.store.lose_account(wanted);
        laid.map_err(|why| Failure::own(format!("the account can't be laid aside: {why}")))
    }

    fn making(&self, wanted: &Wanted) -> Arc<Turn<()>> {
        let mut making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        making.entry(wanted.directory.clone()).or_default().clone()
    }
}

/// Why there is no account to use.
enum Unkept {
    /// What is on disk will never be read.
    Damaged(String),
    /// It can't be used now.
    Failed(Failure),
}
