//! The words that answers are made of, each defined once: a decision, coverage, a scope, a role.
//!
//! The order of the variants is that of their words, so that what is sorted by them is sorted as it reads.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An enum whose variants each have one word: in JSON, in Cedar, in files of the user's.
macro_rules! terms {
    ($(#[$of:meta])* $name:ident { $($(#[$what:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$of])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$what])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its word.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// By its word; `None` for any other.
            pub fn named(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|t| t.word() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }
    };
}

pub(crate) use terms;

terms! {
    /// Whether something may be done. There is no fourth answer: who matches on it decides what unknown comes to.
    Decision {
        /// It may.
        Allow = "allow",
        /// It may not.
        Deny = "deny",
        /// It depends on what is not known.
        Unknown = "unknown",
    }
}

terms! {
    /// Whether an agreement of a kind is in force for an account. There is no fourth answer.
    Coverage {
        /// One is.
        Covered = "covered",
        /// None is.
        NotCovered = "not-covered",
        /// The inventory does not tell.
        Unknown = "unknown",
    }
}

terms! {
    /// Whether any request at all is allowed, whatever it carries. There is no fourth answer.
    AnyAllowed {
        /// None is.
        No = "no",
        /// It depends on what the inventory does not tell.
        Unknown = "unknown",
        /// Some request is.
        Yes = "yes",
    }
}

terms! {
    /// For what an agreement is accepted, and so on what an operation is asked.
    #[non_exhaustive]
    Scope {
        /// One account.
        Account = "account",
        /// The accounts that are designated under an agreement made outside AWS Artifact.
        Offline = "offline",
        /// All accounts of an organization.
        Organization = "organization",
    }
}

terms! {
    /// That an account is about to depart from its organization by itself, on a date that is not known (D14).
    Departing {
        /// It is closed.
        Closed = "closed",
        /// It is being closed.
        Closing = "closing",
        /// It is suspended, and perhaps closed.
        PerhapsClosed = "perhaps-closed",
    }
}

impl Departing {
    /// That an account in this state does, or perhaps does.
    pub fn of(state: &str) -> Option<Self> {
        match state {
            "CLOSED" => Some(Self::Closed),
            "PENDING_CLOSURE" => Some(Self::Closing),
            "SUSPENDED" => Some(Self::PerhapsClosed),
            _ => None,
        }
    }
}

terms! {
    /// What an account is in its organization.
    #[non_exhaustive]
    Role {
        /// It manages it.
        Management = "management",
        /// It is another account of it.
        Member = "member",
        /// It is in none.
        Standalone = "standalone",
        /// Where it belonged at the moment asked is not known.
        Unknown = "unknown",
    }
}

terms! {
    /// What a principal is.
    #[non_exhaustive]
    PrincipalKind {
        /// A permission set of Identity Center, as its role in one account.
        PermissionSet = "permission set",
        /// An IAM role.
        Role = "role",
        /// The root user of an account.
        Root = "root user",
        /// An IAM user.
        User = "user",
    }
}

terms! {
    /// Which generations of permissions count (D11).
    #[derive(Default)]
    #[non_exhaustive]
    PermissionModel {
        /// Either.
        #[default]
        Any = "any",
        /// The four `artifact:` actions of 2018.
        Classic = "classic",
        /// Today's actions.
        FineGrained = "fine-grained",
    }
}

impl Scope {
    /// As people name them, from one account to many.
    pub const NARROW_FIRST: [Self; 3] = [Self::Account, Self::Organization, Self::Offline];
}

impl PermissionModel {
    /// The generations that count.
    pub fn generations(self) -> &'static [&'static str] {
        match self {
            Self::Any => &["classic", "fine-grained"],
            Self::Classic => &["classic"],
            Self::FineGrained => &["fine-grained"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// JSON has the word, the word is read back, and the order is that of the words.
    fn sound<T>(all: &[T], word: impl Fn(T) -> &'static str, named: impl Fn(&str) -> Option<T>)
    where
        T: Copy + Ord + fmt::Debug + fmt::Display + Serialize + for<'de> Deserialize<'de>,
    {
        for term in all {
            let json = serde_json::to_value(term).unwrap();
            assert_eq!(json, word(*term));
            assert_eq!(serde_json::from_value::<T>(json).unwrap(), *term);
            assert_eq!((named(word(*term)), term.to_string()), (Some(*term), word(*term).to_owned()));
        }
        assert!(all.windows(2).all(|w| w[0] < w[1] && word(w[0]) < word(w[1])), "{all:?}");
        assert_eq!(named("Allow"), None);
    }

    #[test]
    fn each_term_has_one_word() {
        sound(Decision::ALL, Decision::word, Decision::named);
        sound(Coverage::ALL, Coverage::word, Coverage::named);
        sound(AnyAllowed::ALL, AnyAllowed::word, AnyAllowed::named);
        sound(Scope::ALL, Scope::word, Scope::named);
        sound(Role::ALL, Role::word, Role::named);
        sound(PrincipalKind::ALL, PrincipalKind::word, PrincipalKind::named);
        sound(PermissionModel::ALL, PermissionModel::word, PermissionModel::named);
    }
}
