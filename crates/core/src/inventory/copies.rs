//! The executed copies of agreements, as far as they are filed below the inventory: whether a file is the one that was declared (R81).
//! Their text is nobody's to read here (R30): nothing but a digest is taken of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::entity::{Entity, Uid};
use crate::source::Source;
use crate::source::digest::sha256;

/// What a file is that is declared to be an executed copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// The one that was declared.
    Same,
    /// Another: it has another digest.
    Other,
    /// There, and declared without a digest.
    Unproved,
    /// One that cannot be read.
    Unreadable,
    /// Not there.
    Absent,
}

/// Those of agreements that declare a path, most with a digest. They are compared when one is asked about: they may be many and large, and most
/// questions are about none.
#[derive(Clone, Default)]
pub struct Copies(Option<Arc<Filed>>);

struct Filed {
    files: Box<dyn Source>,
    /// The path and the digest that an agreement declares.
    declared: BTreeMap<Uid, (String, Option<String>)>,
    compared: OnceLock<BTreeMap<Uid, Copy>>,
}

impl Copies {
    /// Those that these agreements declare.
    pub(crate) fn of(entities: &BTreeMap<Uid, Entity>, files: &dyn Source) -> Self {
        let declared = |entity: &Entity| {
            let (path, digest) = (entity.str("executedCopy")?, entity.str("executedCopySha256"));
            Some((entity.uid.clone(), (path.to_owned(), digest.map(str::to_owned))))
        };
        let of = |ty: &'static str| entities.range(Uid::new(ty, "")..).take_while(move |(uid, _)| uid.ty == ty);
        let agreements = ["CustomerAgreement", "OfflineAgreement"].into_iter().flat_map(of);
        let declared: BTreeMap<_, _> = agreements.filter_map(|(_, e)| declared(e)).collect();
        if declared.is_empty() {
            return Self::default();
        }
        Self(Some(Arc::new(Filed { files: files.below(""), declared, compared: OnceLock::new() })))
    }

    /// What the copy of an agreement is; `None` where none is declared.
    pub fn get(&self, agreement: &Uid) -> Option<Copy> {
        let filed = self.0.as_ref()?;
        filed.compared.get_or_init(|| filed.compare()).get(agreement).copied()
    }
}

impl Filed {
    fn compare(&self) -> BTreeMap<Uid, Copy> {
        let compared = self.declared.iter().map(|(uid, (path, declared))| (uid.clone(), self.copy(path, declared)));
        compared.collect()
    }

    fn copy(&self, path: &str, declared: &Option<String>) -> Copy {
        if !self.files.has(path) {
            return Copy::Absent;
        }
        match (self.files.bytes(path), declared) {
            (Err(_), _) => Copy::Unreadable,
            (Ok(_), None) => Copy::Unproved,
            (Ok(bytes), Some(declared)) if sha256(&bytes).eq_ignore_ascii_case(declared) => Copy::Same,
            (Ok(_), Some(_)) => Copy::Other,
        }
    }
}

impl fmt::Debug for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Copies").field(&self.0.as_ref().map(|filed| &filed.declared)).finish()
    }
}
