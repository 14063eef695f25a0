//! The executed copies of agreements, as far as they are filed below the inventory: whether a file is the one that was declared (R81).
//! Their text is nobody's to read here (R30): nothing but a digest is taken of it.

use std::collections::BTreeMap;

use super::entity::Entity;
use super::entity::Uid;
use crate::source::Source;
use crate::source::digest::sha256;

/// What a file is that is declared to be an executed copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// The one that was declared.
    Same,
    /// Another: it has another digest.
    Other,
    /// One that cannot be read.
    Unreadable,
}

/// Those of agreements that declare a path and a digest, by the agreements, where the file is there.
pub type Copies = BTreeMap<Uid, Copy>;

/// Compares the copies that are there.
pub(crate) fn copies(entities: &BTreeMap<Uid, Entity>, files: &dyn Source) -> Copies {
    let check = |entity: &Entity| {
        let (path, declared) = (entity.str("executedCopy")?, entity.str("executedCopySha256")?);
        if !files.has(path) {
            return None;
        }
        let copy = match files.bytes(path) {
            Ok(bytes) if sha256(&bytes).eq_ignore_ascii_case(declared) => Copy::Same,
            Ok(_) => Copy::Other,
            Err(_) => Copy::Unreadable,
        };
        Some((entity.uid.clone(), copy))
    };
    let of = |ty: &'static str| entities.range(Uid::new(ty, "")..).take_while(move |(uid, _)| uid.ty == ty);
    ["CustomerAgreement", "OfflineAgreement"].into_iter().flat_map(of).filter_map(|(_, e)| check(e)).collect()
}
