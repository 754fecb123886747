//! The key secret of development mode.

use super::{Store, StoreError, keys};

impl Store {
    /// The secret that all development-mode processes on this Redis share: the first one to ask
    /// makes it. Never used with a secret of one's own.
    pub async fn dev_secret(&self) -> Result<String, StoreError> {
        let fresh = format!("{:032x}", rand::random::<u128>());
        let mut make = redis::cmd("SET");
        make.arg(keys::DEV_SECRET).arg(fresh).arg("NX");
        self.command::<redis::Value>(&make).await?;
        let secret = self
            .command(redis::cmd("GET").arg(keys::DEV_SECRET))
            .await?;
        Ok(secret)
    }
}
