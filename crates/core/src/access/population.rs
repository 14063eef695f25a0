//! The callers that are tried: one for each class that the principals and conditions of the statements tell apart.

use std::collections::BTreeSet;

use super::callers::{Caller, Grant, KEYS, Kind};
use crate::aws::all_partitions;
use crate::iam::document::{Condition, Statement};
use crate::iam::minterms::{self, Pattern, Piece};
use crate::iam::operator::Test;
use crate::iam::principal::Who;
use crate::iam::template::Template;
use crate::permissions::caller;
use crate::permissions::context::KeyValue;
use crate::permissions::knowledge::Known;
use crate::permissions::names::{self, CallerKind};

/// What the statements name and read of callers.
struct Named<'a> {
    who: BTreeSet<&'a Who>,
    conditions: Vec<&'a Condition>,
    /// Some `Deny` is for all but some principals.
    denies_others: bool,
}

/// One caller for each class that the statements tell apart; an error says what there is too much of.
pub fn callers<'a>(statements: impl Iterator<Item = &'a Statement> + Clone) -> Result<Vec<Caller>, String> {
    let principals = || statements.clone().filter_map(|s| Some((s.allow, s.principals.as_ref()?)));
    let read =
        |c: &&Condition| KEYS.contains(&c.key.as_str()) && c.values.iter().all(|v| v.variables().next().is_none());
    let named = Named {
        who: principals().flat_map(|(_, p)| &p.who).collect(),
        conditions: statements.clone().flat_map(|s| &s.conditions).filter(read).collect(),
        denies_others: principals().any(|(allow, p)| p.negated && !allow),
    };
    let comparable =
        |c: &&Condition| !matches!(c.operator.test, Test::Numeric(_) | Test::Date(_) | Test::Ip | Test::Binary);
    if let Some(condition) = named.conditions.iter().find(|c| !comparable(c)) {
        return Err(format!("{} is compared as another type than a text", condition.key));
    }
    let mut found = named.of_accounts()?;
    found.extend(named.services()?);
    found.extend(named.federated());
    found.extend(named.others(&found));
    found.push(Caller::new("*", Kind::Anonymous, Vec::new(), caller::keys("*")));
    Ok(named.with_aliases(found))
}

/// What callers of an account are asked as, and the part of their ARN after the account.
const FORMS: [(Kind, &str, &str); 4] = [
    (Kind::Root, ":iam::", ":root"),
    (Kind::User, ":iam::", ":user/"),
    (Kind::Session, ":iam::", ":role/"),
    (Kind::FederatedUser, ":sts::", ":federated-user/"),
];

/// Accounts and names that read well in answers.
const ACCOUNTS: [&str; 3] = ["111122223333", "444455556666", "777788889999"];
const NAMES: [&str; 2] = ["someone", "another"];

impl Named<'_> {
    fn of_accounts(&self) -> Result<Vec<Caller>, String> {
        let mut found = Vec::new();
        for (kind, service, ending) in FORMS {
            for arn in self.arns(kind, service, ending)? {
                self.with_arn(kind, &arn, &mut found);
            }
        }
        Ok(found)
    }

    /// An ARN of each class of one form.
    fn arns(&self, kind: Kind, service: &str, ending: &str) -> Result<Vec<String>, String> {
        let mut form =
            vec![Piece::Text("arn:"), Piece::Name, Piece::Text(service), Piece::Account, Piece::Text(ending)];
        match kind {
            Kind::Root => {}
            Kind::FederatedUser => form.push(Piece::Name),
            _ => form.push(Piece::Path),
        }
        let mut patterns: Vec<Pattern> = vec![Pattern::of_pieces(&form)];
        for pattern in self.patterns(kind, service, ending) {
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
        }
        let too_many = "the principals distinguish too many cases";
        let classes = minterms::classes(&patterns).ok_or(too_many)?;
        let known: Vec<(String, Vec<bool>)> = self.readable(kind, service, ending, &patterns);
        let of_form = classes.into_iter().filter(|class| class.matches.first() == Some(&true));
        Ok(of_form
            .map(|class| {
                let readable = known.iter().find(|(_, matches)| *matches == class.matches);
                readable.map_or(class.member, |(text, _)| text.clone())
            })
            .collect())
    }

    /// What tells ARNs of a form apart.
    fn patterns(&self, kind: Kind, service: &str, ending: &str) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        let of_account = |number: Piece<'_>| {
            let pieces =
                [Piece::Text("arn:"), Piece::Name, Piece::Text(service), number, Piece::Text(":"), Piece::Rest];
            Pattern::of_pieces(&pieces)
        };
        let of_name = |start: &[Piece<'_>], name: Piece<'_>| {
            let direct = Pattern::of_pieces(&[start, &[Piece::Text(ending), name]].concat());
            let below = Pattern::of_pieces(&[start, &[Piece::Text(ending), Piece::Folders, name]].concat());
            [direct, below]
        };
        let anywhere = [Piece::Text("arn:"), Piece::Name, Piece::Text(service), Piece::Account];
        for who in &self.who {
            match who {
                Who::Account(number) => patterns.push(of_account(Piece::Text(number))),
                Who::Aws(arn) => {
                    patterns.push(Pattern::literal(arn, false));
                    if let (Kind::Session, Some((partition, account, role, _))) = (kind, session(arn)) {
                        let stem = format!("arn:{partition}:iam::{account}");
                        patterns.extend(of_name(&[Piece::Text(&stem)], Piece::Text(role)));
                    }
                }
                _ => {}
            }
        }
        for condition in &self.conditions {
            let any_case = |p: Pattern| {
                let exact = matches!(condition.operator.test, Test::StringEqualsIgnoreCase | Test::Bool);
                if exact { p.in_any_case() } else { p }
            };
            for value in &condition.values {
                match condition.key.as_str() {
                    "aws:principalarn" => patterns.extend(Pattern::of(condition.operator, value)),
                    "aws:principalaccount" => patterns.push(any_case(of_account(Piece::Within(value)))),
                    "aws:username" if kind == Kind::User => {
                        patterns.extend(of_name(&anywhere, Piece::Within(value)).map(any_case));
                    }
                    _ => {}
                }
            }
        }
        patterns
    }

    /// ARNs that read well, and the patterns that they match.
    fn readable(&self, kind: Kind, service: &str, ending: &str, patterns: &[Pattern]) -> Vec<(String, Vec<bool>)> {
        let of_who = self.who.iter().filter_map(|who| match who {
            Who::Account(number) => Some(number.as_str()),
            Who::Aws(arn) => arn.split(':').nth(4),
            _ => None,
        });
        let of_keys = self.conditions.iter().filter(|c| c.key == "aws:principalaccount");
        let of_keys = of_keys.flat_map(|c| c.values.iter().filter_map(Template::as_literal));
        let accounts: Vec<&str> = ACCOUNTS.into_iter().chain(of_who).chain(of_keys).collect();
        let names: Vec<&str> = if kind == Kind::Root { vec![""] } else { NAMES.to_vec() };
        let mut found = Vec::new();
        for partition in all_partitions() {
            for account in &accounts {
                for name in &names {
                    let arn = format!("arn:{partition}{service}{account}{ending}{name}");
                    found.push((arn.clone(), patterns.iter().map(|p| p.matches(&arn)).collect()));
                }
            }
        }
        found
    }

    /// The callers of an ARN: of a role, its sessions.
    fn with_arn(&self, kind: Kind, arn: &str, found: &mut Vec<Caller>) {
        let account = Who::Account(arn.split(':').nth(4).unwrap_or_default().to_owned());
        let by_arn = Who::Aws(arn.to_owned());
        let keys = || caller::keys(arn);
        match kind {
            Kind::Root => found.push(Caller::new(arn, kind, vec![account], keys())),
            Kind::Session => {
                let names = vec![by_arn, account];
                found.push(Caller::new(arn, kind, names.clone(), keys()));
                for named in self.maybe(CallerKind::Role, arn) {
                    let mut names = names.clone();
                    names.push(Who::Aws(named.to_owned()));
                    found.push(Caller::new(named, kind, names, keys()));
                }
            }
            Kind::FederatedUser => {
                let names = vec![by_arn, account];
                found.push(Caller::new(arn, kind, names.clone(), keys()));
                // the user who asked for the session may be any of the account
                for user in self.maybe(CallerKind::FederatedUser, arn) {
                    let mut caller = Caller::new(arn, kind, names.clone(), keys());
                    caller.with_names(vec![Who::Aws(user.to_owned())]);
                    caller.name = format!("{arn}, a session of {user}");
                    found.push(caller);
                }
            }
            _ => found.push(Caller::new(arn, kind, vec![by_arn, account], keys())),
        }
    }

    fn named_arns(&self) -> impl Iterator<Item = &str> {
        self.who.iter().filter_map(|who| if let Who::Aws(arn) = who { Some(arn.as_str()) } else { None })
    }

    /// The ARNs that are named and that a caller may have besides its own: of a role, those of its sessions.
    fn maybe(&self, kind: CallerKind, arn: &str) -> Vec<&str> {
        let account = arn.split(':').nth(4).map(str::to_owned);
        let caller = names::Caller { kind, name: arn.to_owned(), account };
        self.named_arns().filter(|named| caller.may_be(named)).collect()
    }

    fn services(&self) -> Result<Vec<Caller>, String> {
        let mut patterns = vec![Pattern::of_pieces(&[Piece::Name, Piece::Text(".amazonaws.com")])];
        let named = self.who.iter().filter_map(|who| if let Who::Service(name) = who { Some(name) } else { None });
        let named: Vec<&String> = named.filter(|name| *name != "*").collect();
        patterns.extend(named.iter().map(|name| Pattern::literal(name, false)));
        for condition in self.conditions.iter().filter(|c| c.key == "aws:principalservicename") {
            patterns.extend(condition.values.iter().filter_map(|v| Pattern::of(condition.operator, v)));
        }
        let classes = minterms::classes(&patterns).ok_or("the services distinguish too many cases")?;
        let members = classes.into_iter().filter(|c| c.matches.first() == Some(&true)).map(|c| {
            let readable = ["events.amazonaws.com", "sns.amazonaws.com", "ec2.amazonaws.com"];
            let same = |name: &&&str| patterns.iter().map(|p| p.matches(name)).eq(c.matches.iter().copied());
            readable.iter().find(same).map_or_else(|| c.member.clone(), |name| (*name).to_owned())
        });
        let elsewhere = named.iter().filter(|name| !name.ends_with(".amazonaws.com")).map(|name| (*name).clone());
        let service = |name: String| {
            let keys = caller::keys(&name);
            Caller::new(&name, Kind::Service, vec![Who::Service(name.clone())], keys)
        };
        Ok(members.chain(elsewhere).map(service).collect())
    }

    /// The identity providers that are named, and another of each form.
    fn federated(&self) -> Vec<Caller> {
        let named =
            self.who.iter().filter_map(|who| if let Who::Federated(name) = who { Some(name.as_str()) } else { None });
        let named: Vec<&str> = named.filter(|name| *name != "*").collect();
        let others = ["saml-provider/another", "oidc-provider/another.example.com"];
        let others = others.map(|other| format!("arn:aws:iam::{}:{other}", ACCOUNTS[0]));
        let others = others.iter().map(String::as_str).filter(|other| !named.contains(other));
        // who comes from a provider has no credentials of AWS yet, and so no ARN
        let absent = ["aws:principalarn", "aws:username", "aws:principalservicename"];
        // it is no service, which the request may or may not say
        let service = [Known::Value(KeyValue::One("false".to_owned())), Known::Absent];
        let provider = |name: &str| {
            service.clone().map(|service| {
                let keys = absent.iter().map(|key| (*key, Known::Absent));
                let keys = keys.chain([("aws:principalisawsservice", service)]).collect();
                Caller::new(name, Kind::Federated, vec![Who::Federated(name.to_owned())], keys)
            })
        };
        named.iter().copied().chain(others).flat_map(provider).collect()
    }

    /// Named principals that are of none of the forms, each a caller of which nothing is known.
    fn others(&self, found: &[Caller]) -> Vec<Caller> {
        let known = |who: &Who| found.iter().any(|caller| caller.names.iter().any(|(name, _)| name == who));
        let arns = self.named_arns().filter(|arn| !is_id(arn) && !known(&Who::Aws((*arn).to_owned())));
        arns.map(|arn| Caller::new(arn, Kind::Other, vec![Who::Aws(arn.to_owned())], Vec::new())).collect()
    }

    /// Names that may be another's besides: an account may have any canonical user id, a user or role any unique id. Who has
    /// policies of its own may have a boundary.
    fn with_aliases(&self, callers: Vec<Caller>) -> Vec<Caller> {
        let mut found = Vec::new();
        for caller in callers {
            let in_account = matches!(caller.kind, Kind::Root | Kind::User | Kind::Session | Kind::FederatedUser);
            let mut variants = vec![caller];
            for who in self.who.iter().filter(|_| in_account) {
                let alias = |caller: &Caller| {
                    let may_be = match (who, caller.kind) {
                        (Who::CanonicalUser(_), _) => true,
                        (Who::Aws(id), Kind::User) => is_id(id) && !id.starts_with("AROA"),
                        (Who::Aws(id), Kind::Session) => is_id(id) && !id.starts_with("AIDA"),
                        _ => false,
                    };
                    // an account has one canonical id, and a user or role one unique id
                    let same = |(name, _): &(Who, Grant)| match (name, who) {
                        (Who::CanonicalUser(_), Who::CanonicalUser(_)) => true,
                        (Who::Aws(id), Who::Aws(_)) => is_id(id),
                        _ => false,
                    };
                    let mut variant = caller.clone();
                    variant.name = match who {
                        Who::CanonicalUser(id) => format!("{}, with the canonical user id {id}", caller.name),
                        Who::Aws(id) => format!("{}, with the unique id {id}", caller.name),
                        _ => variant.name,
                    };
                    (may_be && !caller.names.iter().any(same)).then(|| {
                        variant.with_names(vec![(*who).clone()]);
                        variant
                    })
                };
                let more: Vec<Caller> = variants.iter().filter_map(alias).collect();
                variants.extend(more);
            }
            if self.denies_others {
                let limited = variants.iter().filter(|c| matches!(c.kind, Kind::User | Kind::Session));
                let bounded: Vec<Caller> = limited.map(Caller::with_boundary).collect();
                variants.extend(bounded);
            }
            found.extend(variants);
        }
        found
    }
}

/// The unique id of a user or role.
fn is_id(text: &str) -> bool {
    !text.contains(':')
}

/// The partition, the account, the role and the session of a session's ARN.
fn session(arn: &str) -> Option<(&str, &str, &str, &str)> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "sts", "", account, rest] = parts.as_slice() else {
        return None;
    };
    let rest: Vec<&str> = rest.split('/').collect();
    let ["assumed-role", role, name] = rest.as_slice() else {
        return None;
    };
    Some((partition, account, role, name))
}
