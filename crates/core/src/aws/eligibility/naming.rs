//! Which service is meant by a name: as AWS lists it, by the prefix that IAM policies write, or as people call it. A name that is not
//! known says nothing of whether its service is eligible.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{LazyLock, OnceLock};

use serde::Deserialize;

use super::{EligibleService, Lists};
use crate::aws::catalogue::{self, Catalogue, Service};
use crate::problem::did_you_mean;

/// The file of what people call services besides.
pub(crate) const NAMES_TEXT: &str = include_str!("../../../../../data/hipaa-names.json");

/// What people call a service besides what AWS lists.
#[derive(Debug, Deserialize)]
struct Called {
    name: String,
    /// As AWS lists it.
    service: String,
}

static CALLED: LazyLock<Vec<Called>> = LazyLock::new(|| serde_json::from_str(NAMES_TEXT).unwrap_or_default());

/// Near names that are told.
const NEAR: usize = 6;

/// What a name stands for.
#[derive(Debug)]
pub enum Meant<'l> {
    /// Services that were ever on a list: one, or those that share a prefix.
    Listed(Vec<&'l EligibleService>),
    /// A service of AWS that no list ever had: its name, and its prefix.
    Unlisted {
        /// `Amazon Lightsail`
        name: String,
        /// `lightsail`
        prefix: String,
        /// The service on the lists that it is called after: it may be a part of that.
        part_of: Option<&'l str>,
    },
    /// No service that is known, or several: [`Lists::near`] tells what may be meant.
    Unknown,
}

impl<'l> Meant<'l> {
    /// The services of the lists.
    pub fn services(&self) -> &[&'l EligibleService] {
        match self {
            Self::Listed(services) => services,
            Self::Unlisted { .. } | Self::Unknown => &[],
        }
    }

    /// Whether it is a service that is known.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown)
    }

    /// Whether the lists tell if it is eligible: it is a service that is known, and not what may be a part of one.
    pub fn is_settled(&self) -> bool {
        !matches!(self, Self::Unknown | Self::Unlisted { part_of: Some(_), .. })
    }
}

impl Lists {
    /// What a name stands for; case, blanks and hyphens do not matter, nor a leading `Amazon` or `AWS`.
    pub fn meant(&self, name: &str) -> Meant<'_> {
        let name = name.trim();
        let as_listed: Vec<_> = self.services.iter().filter(|s| s.name.eq_ignore_ascii_case(name)).collect();
        if !as_listed.is_empty() {
            return Meant::Listed(as_listed);
        }
        let by_prefix = self.of_prefix(name);
        if !by_prefix.is_empty() {
            return Meant::Listed(by_prefix);
        }
        let key = key(name);
        let called = self.called(&key);
        match called.as_slice() {
            _ if key.is_empty() => Meant::Unknown,
            [_] => Meant::Listed(called),
            [] => self.of_the_catalogue(name, &key),
            _ => Meant::Unknown,
        }
    }

    /// The services of the lists whose name comes to this.
    fn called(&self, key: &str) -> Vec<&EligibleService> {
        let places = self.by_name.of(&self.services).get(key).into_iter().flatten();
        places.filter_map(|place| self.services.get(*place)).collect()
    }

    /// The first IAM prefix of what a name stands for.
    pub fn prefix(&self, name: &str) -> Option<String> {
        match self.meant(name) {
            // what is written as a prefix is the one that is meant
            Meant::Listed(services) => {
                let mut all = services.into_iter().flat_map(|s| &s.prefixes).peekable();
                let first = all.peek().map(|p| (*p).clone());
                all.find(|p| p.eq_ignore_ascii_case(name.trim())).cloned().or(first)
            }
            Meant::Unlisted { prefix, .. } => Some(prefix),
            Meant::Unknown => None,
        }
    }

    /// The service on the lists after whose longest name another is called.
    fn called_after(&self, name: &str) -> Option<&str> {
        let own = words(name);
        let all = self.services.iter().flat_map(|s| names_of(s).map(move |n| (words(&n), s.name.as_str())));
        let begins = |(of, _): &(Vec<String>, &str)| !of.is_empty() && own.starts_with(of);
        all.filter(begins).max_by_key(|(of, _)| of.concat().len()).map(|(_, listed)| listed)
    }

    fn unlisted(&self, service: &Service) -> Meant<'_> {
        let part_of = self.called_after(&service.name);
        Meant::Unlisted { name: service.name.clone(), prefix: service.prefix.clone(), part_of }
    }

    fn of_prefix(&self, prefix: &str) -> Vec<&EligibleService> {
        self.services.iter().filter(|s| s.prefixes.iter().any(|p| p.eq_ignore_ascii_case(prefix))).collect()
    }

    /// By the names and prefixes of all services of AWS. Of several of the same name, all are on the lists, or none is.
    fn of_the_catalogue(&self, name: &str, key: &str) -> Meant<'_> {
        let catalogue = Catalogue::built_in();
        if let Some(service) = catalogue.service(name) {
            return self.unlisted(service);
        }
        let prefixes = CATALOGUED.get(key).map(Vec::as_slice).unwrap_or_default();
        let listed: Vec<Vec<&EligibleService>> = prefixes.iter().map(|p| self.of_prefix(p)).collect();
        let mut all: Vec<&EligibleService> = listed.iter().flatten().copied().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all.dedup_by(|a, b| a.name == b.name);
        match prefixes {
            [first, ..] if all.is_empty() => {
                catalogue.service(first).map_or(Meant::Unknown, |service| self.unlisted(service))
            }
            [_, ..] if listed.iter().all(|of| !of.is_empty()) => Meant::Listed(all),
            _ => Meant::Unknown,
        }
    }

    /// What may be meant by a name that is not known: the services that are all called so, else those that have its words in their names, else
    /// the one that is written much alike.
    pub fn near(&self, name: &str) -> Vec<String> {
        let (name, key) = (name.trim(), key(name));
        if key.is_empty() {
            return Vec::new();
        }
        let called = self.called(&key);
        if !called.is_empty() {
            return called.into_iter().map(|s| s.name.clone()).collect();
        }
        let catalogued = || catalogue::names().map(|(name, _)| name);
        let known = self.services.iter().map(|s| s.name.as_str()).chain(catalogued());
        let having: BTreeSet<&str> = known.filter(|n| key.len() > 2 && self::key(n).contains(&key)).collect();
        if having.is_empty() {
            let own: Vec<String> = self.services.iter().flat_map(names_of).collect();
            let prefixes = self.services.iter().flat_map(|s| &s.prefixes);
            let all = own.iter().chain(prefixes).map(String::as_str).chain(catalogued());
            return did_you_mean(name, all).map(str::to_owned).into_iter().collect();
        }
        having.into_iter().take(NEAR).map(str::to_owned).collect()
    }
}

/// The prefixes of services by what their names come to.
static CATALOGUED: LazyLock<BTreeMap<String, Vec<&'static str>>> = LazyLock::new(|| {
    let mut found: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    catalogue::names().for_each(|(name, prefix)| found.entry(key(name)).or_default().push(prefix));
    found
});

/// The places of listed services by what their names come to: made once.
#[derive(Debug, Default)]
pub(super) struct ByName(OnceLock<HashMap<String, Vec<usize>>>);

impl ByName {
    fn of(&self, services: &[EligibleService]) -> &HashMap<String, Vec<usize>> {
        self.0.get_or_init(|| {
            let mut found: HashMap<String, Vec<usize>> = HashMap::new();
            for (place, service) in services.iter().enumerate() {
                for name in names_of(service) {
                    let places = found.entry(key(&name)).or_default();
                    if !places.contains(&place) {
                        places.push(place);
                    }
                }
            }
            found
        })
    }
}

/// What a listed service is called: its name, the name without what stands in brackets, what stands there, and what people call it.
fn names_of(service: &EligibleService) -> impl Iterator<Item = String> {
    let mut names = vec![service.name.clone()];
    if let Some((plain, rest)) = service.name.split_once('(') {
        let within = rest.trim_end().trim_end_matches(')');
        names.push(plain.to_owned());
        names.push(within.strip_prefix("formerly ").unwrap_or(within).to_owned());
    }
    // `Simple Storage Service` and `Simple Storage`
    let short: Vec<String> =
        names.iter().filter_map(|n| n.trim().strip_suffix(" Service").map(str::to_owned)).collect();
    names.extend(short);
    names.extend(CALLED.iter().filter(|c| c.service == service.name).map(|c| c.name.clone()));
    names.into_iter()
}

/// What of a name tells it apart from others: its letters and digits in lower case, without the maker.
fn key(name: &str) -> String {
    words(name).concat()
}

/// The words of a name in lower case, their letters and digits alone, without the maker.
fn words(name: &str) -> Vec<String> {
    let words = name.split_whitespace().map(str::to_lowercase);
    let own = words.skip_while(|w| ["amazon", "aws"].contains(&w.as_str()));
    let plain = |word: String| word.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    own.map(plain).filter(|w| !w.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str) -> String {
        match Lists::built_in().meant(name) {
            Meant::Listed(services) => services.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", "),
            Meant::Unlisted { name, prefix, .. } => format!("unlisted: {name} ({prefix})"),
            Meant::Unknown => format!("unknown: {}", Lists::built_in().near(name).join(", ")),
        }
    }

    #[test]
    fn services_are_known_by_what_people_call_them() {
        for (name, is) in [
            ("Amazon HealthLake", "AWS HealthLake"),
            ("healthlake", "AWS HealthLake"),
            ("Amazon S3", "Amazon Simple Storage Service (S3)"),
            ("S3", "Amazon Simple Storage Service (S3)"),
            (" amazon  simple-storage service", "Amazon Simple Storage Service (S3)"),
            ("Amazon EC2", "Amazon Elastic Compute Cloud (Amazon EC2)"),
            ("AWS Lambda", "AWS Lambda"),
            ("Lambda", "AWS Lambda"),
            ("KMS", "AWS Key Management Service (KMS)"),
            ("Cloud9", "AWS Cloud 9"),
            ("AWS WAF", "AWS Web Application Firewall (WAF)"),
            ("Amazon SageMaker", "Amazon SageMaker AI"),
            ("Pinpoint", "Amazon Pinpoint and End User Messaging (formerly Amazon Pinpoint)"),
            ("MSK", "Amazon Managed Streaming for Apache Kafka"),
            ("Amazon Lightsail", "unlisted: Amazon Lightsail (lightsail)"),
            ("LIGHTSAIL", "unlisted: Amazon Lightsail (lightsail)"),
        ] {
            assert_eq!(told(name), is, "{name}");
        }
        // a prefix that several share stands for all of them
        assert!(told("EC2").contains("Amazon EC2") && told("ec2").contains("VM Import/Export"), "{}", told("EC2"));
    }

    #[test]
    fn a_name_that_is_not_known_is_no_service_and_near_ones_are_told() {
        assert_eq!(told("gibberish"), "unknown: ");
        assert_eq!(told(""), "unknown: ");
        assert_eq!((told("Amazon"), told(" aws ")), ("unknown: ".to_owned(), "unknown: ".to_owned()));
        assert!(told("Data Streams").contains("Amazon Kinesis Data Streams"), "{}", told("Data Streams"));
        assert!(told("AWS Lamda").contains("Lambda"), "{}", told("AWS Lamda"));
    }

    #[test]
    fn what_people_call_a_service_is_of_one_that_is_listed() {
        let lists = Lists::built_in();
        assert!(!CALLED.is_empty());
        for called in CALLED.iter() {
            assert!(lists.all().iter().any(|s| s.name == called.service), "{}", called.service);
            assert_eq!(told(&called.name), called.service, "{}", called.name);
        }
    }

    /// No two services of the lists are called the same, and each is found by its own name.
    #[test]
    fn each_listed_service_is_found_by_each_of_its_names() {
        for service in Lists::built_in().all() {
            assert_eq!(told(&service.name), service.name);
            for prefix in &service.prefixes {
                assert!(told(prefix).contains(&service.name), "{prefix}");
            }
            for name in names_of(service) {
                assert!(told(&name).contains(&service.name), "{name}: {}", told(&name));
                let spaced = format!("  aws {} ", name.to_uppercase().replace('-', " "));
                for other in [name.to_uppercase(), name.replace(' ', "  "), name.replace(' ', "-"), spaced] {
                    assert!(!told(&other).starts_with("unlisted"), "{other}: {}", told(&other));
                }
            }
        }
    }

    /// What is called after a service on the lists may be a part of it, and is not said to be on none.
    #[test]
    fn what_is_called_after_a_listed_service_may_be_a_part_of_it() {
        let lists = Lists::built_in();
        let part = |name: &str| match lists.meant(name) {
            Meant::Unlisted { part_of, .. } => part_of.map(str::to_owned),
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(part("ecr-public").as_deref(), Some("Amazon Elastic Container Registry (ECR)"));
        assert_eq!(part("bedrock-mantle").as_deref(), Some("Amazon Bedrock"));
        assert_eq!(part("awsconnector"), None, "words, not letters");
        assert!(part("lightsail").is_none() && part("gamelift").is_none());
        let settles = |name: &str| lists.meant(name).is_settled();
        assert!(!settles("ecr-public") && lists.meant("ecr-public").is_known() && settles("gamelift"));
        assert!(!settles("gibberish") && settles("s3"));
    }

    /// What AWS lists as a service never comes out as one that is on no list.
    #[test]
    fn no_name_of_a_prefix_on_the_lists_is_told_to_be_on_none() {
        let lists = Lists::built_in();
        for (name, prefix) in catalogue::names() {
            let listed = lists.all().iter().any(|s| s.prefixes.iter().any(|p| p == prefix));
            assert!(!listed || !told(name).starts_with("unlisted"), "{name} ({prefix}): {}", told(name));
        }
    }
}
