//! Admin passwords.

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// The configured admin passwords, as digests, so that lengths do not show in comparisons.
pub struct MasterKeys(Vec<[u8; 32]>);

impl MasterKeys {
    /// Any of `passwords` opens the admin API; without any it is open.
    pub fn new(passwords: &[String]) -> Self {
        let digest = |password: &String| Sha256::digest(password.as_bytes()).into();
        Self(passwords.iter().map(digest).collect())
    }

    /// Whether everybody is an administrator.
    pub fn is_open(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `given` is one of the passwords; looks at all of them either way.
    pub fn fits(&self, given: &[u8]) -> bool {
        let given: [u8; 32] = Sha256::digest(given).into();
        let compared = self.0.iter().map(|known| known.ct_eq(&given));
        compared.fold(Choice::from(0), |any, one| any | one).into()
    }
}
