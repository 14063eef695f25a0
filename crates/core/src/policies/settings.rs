//! What an attribute has to be for a gate to be passed, as `@sets` and `@happens` say it: `organization.trustedAccess = true`.

/// Whose attribute it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The account that is asked about.
    Account,
    /// Its organization.
    Organization,
    /// The report that is asked about.
    Report,
}

impl Subject {
    /// The type of its entity.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Account => "Account",
            Self::Organization => "Organization",
            Self::Report => "Report",
        }
    }
}

/// What the attribute becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// This Boolean.
    Bool(bool),
    /// This text.
    Text(String),
    /// Its set holds the report that is asked about.
    HasReport,
}

/// An attribute, and what it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Whose attribute it is.
    pub of: Subject,
    /// The attribute, and the fields within it.
    pub path: Vec<String>,
    /// What it becomes.
    pub becomes: Becomes,
}

impl Setting {
    /// The value of the annotation; or what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (left, becomes) = match (text.split_once(" = "), text.split_once(" has ")) {
            (Some((left, "true")), _) => (left, Becomes::Bool(true)),
            (Some((left, "false")), _) => (left, Becomes::Bool(false)),
            (Some((left, value)), _) => (left, Becomes::Text(value.trim().to_owned())),
            (None, Some((left, "{report}"))) => (left, Becomes::HasReport),
            _ => return Err(format!("`{text}` has neither ` = VALUE` nor ` has {{report}}`")),
        };
        let mut parts = left.trim().split('.').map(str::to_owned);
        let of = match parts.next().as_deref() {
            Some("account") => Subject::Account,
            Some("organization") => Subject::Organization,
            Some("report") => Subject::Report,
            other => {
                let other = other.unwrap_or_default();
                return Err(format!("`{other}` is not one of account, organization, report"));
            }
        };
        let path: Vec<String> = parts.collect();
        if path.is_empty() || path.iter().any(String::is_empty) {
            return Err(format!("`{left}` names no attribute"));
        }
        Ok(Self { of, path, becomes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_names_an_attribute_and_what_it_becomes() {
        let setting = Setting::parse("account.nda.accepted = true").unwrap();
        assert_eq!(setting.path, ["nda", "accepted"]);
        assert_eq!((setting.of, setting.becomes), (Subject::Account, Becomes::Bool(true)));
        let text = Setting::parse("organization.featureSet = ALL").unwrap();
        assert_eq!((text.of, text.becomes), (Subject::Organization, Becomes::Text("ALL".to_owned())));
        assert_eq!(Setting::parse("account.approvedReports has {report}").unwrap().becomes, Becomes::HasReport);
        for wrong in ["", "account.nda", "user.name = x", "account = true", "account..x = true", "account.x has y"] {
            assert!(Setting::parse(wrong).is_err(), "{wrong}");
        }
    }
}
