//! Values that no inventory holds, and of which AWS documents the form: ids, and the paths that lead to an account.

use crate::iam::minterms::{Pattern, Piece};

/// A text of which the form is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// What it is, in words: "it is …".
    words: String,
    /// What it may be, each in its parts.
    ways: Vec<Vec<Part>>,
    /// Texts of the form that read well in answers.
    samples: Vec<String>,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// This text.
    Text(String),
    /// Letters and digits, at least one.
    Id,
    /// The name of a session of a role.
    SessionName,
    /// What stands behind `r-` in the id of an organization's root, and in the ids of its units.
    RootId,
    /// Units, each with a slash behind it, or none.
    Units,
}

impl Part {
    fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    fn pieces(&self) -> Vec<Piece<'_>> {
        match self {
            Self::Text(text) => vec![Piece::Text(text)],
            Self::Id => vec![Piece::Id],
            Self::SessionName => vec![Piece::SessionName],
            Self::RootId => vec![Piece::RootId],
            Self::Units => vec![Piece::Text("ou-"), Piece::Rest, Piece::Text("/")],
        }
    }
}

impl Form {
    /// The unique id of a user (IAM User Guide, "IAM identifiers").
    pub fn user_id() -> Self {
        Self {
            words: "the unique id of a user, which begins with AIDA".to_owned(),
            ways: vec![vec![Part::text("AIDA"), Part::Id]],
            samples: vec!["AIDAJQABLZS4A3QDU576Q".to_owned()],
        }
    }

    /// Of a user or of a session of a role.
    pub fn user_or_session_id() -> Self {
        let (mut user, session) = (Self::user_id(), Self::session_id(None));
        user.words = format!("{}, or {}", user.words, session.words);
        user.ways.extend(session.ways);
        user.samples.extend(session.samples);
        user
    }

    /// The `aws:userid` of a session: the unique id of the role, a colon and the name of the session (IAM User Guide, "Principal key
    /// values"), which is known or not.
    pub fn session_id(name: Option<&str>) -> Self {
        let last = match name {
            Some(name) => vec![Part::text(format!(":{name}"))],
            None => vec![Part::text(":"), Part::SessionName],
        };
        let words = match name {
            Some(name) => format!("the unique id of the role, which begins with AROA, and `:{name}`"),
            None => "the unique id of the role, which begins with AROA, a colon and the name of the session".to_owned(),
        };
        let sample = format!("AROADBQP57FF2AEXAMPLE:{}", name.unwrap_or("session"));
        let way = [Part::text("AROA"), Part::Id].into_iter().chain(last).collect();
        Self { words, ways: vec![way], samples: vec![sample] }
    }

    /// The path of an account in an organization (IAM User Guide, `aws:PrincipalOrgPaths`): the id of the organization, that of its root,
    /// known or not, and its units; `None` where these are not known.
    pub fn path(organization: &str, root: Option<&str>, units: Option<&[String]>) -> Self {
        let mut start = vec![Part::text(format!("{organization}/r-"))];
        let sample = path_of(organization, root.unwrap_or("a1b2"), units.unwrap_or_default());
        start.push(root.map_or(Part::RootId, Part::text));
        let (words, ends) = match units {
            Some(units) => {
                let tail: String = units.iter().map(|unit| format!("{unit}/")).collect();
                (
                    "the path of the account, through the root of its organization",
                    vec![vec![Part::text(format!("/{tail}"))]],
                )
            }
            None => {
                let below = vec![Part::text("/"), Part::Units];
                ("a path in the organization, through its root", vec![vec![Part::text("/")], below])
            }
        };
        let ways = ends.into_iter().map(|end| start.iter().cloned().chain(end).collect()).collect();
        Self { words: words.to_owned(), ways, samples: vec![sample] }
    }

    /// What it is, in words.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Texts of the form that read well.
    pub fn samples(&self) -> impl Iterator<Item = &str> {
        self.samples.iter().map(String::as_str)
    }

    /// The patterns of which one matches.
    pub fn patterns(&self) -> Vec<Pattern> {
        let pattern = |way: &Vec<Part>| Pattern::of_pieces(&way.iter().flat_map(Part::pieces).collect::<Vec<_>>());
        self.ways.iter().map(pattern).collect()
    }

    /// Whether it may be this text.
    pub fn matches(&self, text: &str) -> bool {
        self.patterns().iter().any(|p| p.matches(text))
    }
}

/// The path of an account: `o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/`.
pub fn path_of(organization: &str, root: &str, units: &[String]) -> String {
    let below: String = units.iter().map(|unit| format!("{unit}/")).collect();
    format!("{organization}/r-{root}/{below}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_documented_form() {
        let (user, session) = (Form::user_id(), Form::session_id(None));
        let named = Form::session_id(Some("jo@example.com"));
        for (text, of_user, of_session, of_named) in [
            ("AIDAJQABLZS4A3QDU576Q", true, false, false),
            ("AROADBQP57FF2AEXAMPLE:jo@example.com", false, true, true),
            ("AROADBQP57FF2AEXAMPLE:i-0123456789abcdef0", false, true, false),
            ("AROADBQP57FF2AEXAMPLE", false, false, false),
            ("AROADBQP57FF2AEXAMPLE:", false, false, false),
            ("AROADBQP57FF2AEXAMPLE:a", false, false, false),
            ("AROADBQP57FF2AEXAMPLE:a/b", false, false, false),
            ("AIDAJQABLZS4A3QDU576Q:jo@example.com", false, false, false),
            ("AIDA", false, false, false),
            ("111122223333", false, false, false),
            ("x", false, false, false),
        ] {
            let found = [&user, &session, &named].map(|form| form.matches(text));
            assert_eq!(found, [of_user, of_session, of_named], "{text}");
        }
        for form in [user, session, named, Form::path("o-rolesorg01", None, None)] {
            assert!(form.samples().all(|s| form.matches(s)) && form.samples().next().is_some(), "{form:?}");
        }
    }

    /// `o-…/r-[0-9a-z]{4,32}/ou-…/`: nothing but the root stands between the organization and its units.
    #[test]
    fn a_path_goes_through_one_root() {
        let units = ["ou-cd34-legal001".to_owned()];
        let (direct, below) =
            (Form::path("o-rolesorg01", None, Some(&[])), Form::path("o-rolesorg01", None, Some(&units)));
        let (known, anywhere) =
            (Form::path("o-rolesorg01", Some("cd34"), None), Form::path("o-rolesorg01", None, None));
        for (path, expected) in [
            ("o-rolesorg01/r-cd34/", [true, false, true, true]),
            ("o-rolesorg01/r-zz99/", [true, false, false, true]),
            ("o-rolesorg01/r-cd34/ou-cd34-legal001/", [false, true, true, true]),
            ("o-rolesorg01/r-cd34/ou-cd34-nosts001/ou-cd34-legal001/", [false, false, true, true]),
            ("o-rolesorg01/r-/", [false; 4]),
            ("o-rolesorg01/r-CD34/", [false; 4]),
            ("o-rolesorg01/r-cd34", [false; 4]),
            ("o-rolesorg01/r-cd34/x/", [false; 4]),
            ("o-rolesorg02/r-cd34/", [false; 4]),
        ] {
            assert_eq!([&direct, &below, &known, &anywhere].map(|form| form.matches(path)), expected, "{path}");
        }
    }
}
