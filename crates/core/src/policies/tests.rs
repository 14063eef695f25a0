//! The rules as a whole: what is wrong with a set of them, and what they are told to read.

use super::*;

fn errors(text: &str) -> Vec<String> {
    let schema = EntitySchema::built_in().unwrap();
    match RuleBook::new(vec![SourceFile::new("x.cedar", text)], &[Catalogue::built_in()], &schema) {
        Err(Failure::Problems(problems)) => problems.iter().map(|p| format!("{} | {p}", p.underlined())).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_file_of_the_folder_is_built_in() {
    let folder = source::Folder::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies"));
    let schema = EntitySchema::built_in().unwrap();
    let read = RuleBook::read(&folder, &schema).unwrap();
    let built_in = RuleBook::built_in(&schema).unwrap();
    assert!(read.rules.keys().eq(built_in.rules.keys()));
    assert!(read.rules.len() > 30);
}

/// What no run asks again.
#[test]
fn what_is_built_in_is_without_fault() {
    let schema = EntitySchema::built_in().unwrap();
    let asked = |sources| RuleBook::checked(sources, &[Catalogue::built_in()], &schema, |_| false).map(|_| ());
    asked(built_in::sources()).unwrap();
    // and one that has a fault is told
    let mut sources = built_in::sources();
    let gate = sources.iter_mut().find(|s| s.path == "operations/account.cedar").unwrap();
    *gate = SourceFile::new(gate.path.clone(), gate.text.replace("resource.state", "resource.stat"));
    assert!(asked(sources).is_err());
}

#[test]
fn tells_what_operations_tell_accounts_apart_by() {
    let schema = EntitySchema::built_in().unwrap();
    let built_in = RuleBook::built_in(&schema).unwrap();
    let attributes = built_in.attributes_of_operations().unwrap();
    assert!(attributes.contains("managementAccount") && attributes.contains("nda"));
    assert!(!attributes.contains("memberships") && !attributes.contains("phi") && !attributes.contains("name"));
    let rule = |condition: &str| {
        let text =
            "@id(\"a\") @rule(\"R1\") permit(principal, action == Artifact::Action::\"download-report\", resource)
            when { CONDITION };";
        let source = SourceFile::new("x.cedar", text.replace("CONDITION", condition));
        RuleBook::new(vec![source], &[Catalogue::built_in()], &schema).unwrap().attributes_of_operations().cloned()
    };
    assert_eq!(rule("resource has nda"), Some(BTreeSet::from(["nda".to_owned()])));
    assert_eq!(rule("resource == Artifact::Account::\"111122223333\""), None);
    assert_eq!(rule("resource.hasTag(\"x\")"), None);
}

#[test]
fn tells_what_depends_on_the_principal() {
    let schema = EntitySchema::built_in().unwrap();
    let built_in = RuleBook::built_in(&schema).unwrap();
    assert!(!built_in.reads_principal("accept-agreement") && built_in.reads_principal("in-force"));
    let own = "@id(\"a\") @rule(\"R1\") permit(principal, action == Artifact::Action::\"download-report\", resource)
        when { if principal has tags then true else true };"
        .replace("principal has tags", "principal.account == resource");
    let source = SourceFile::new("x.cedar", own.replace("principal,", "principal is Artifact::User,"));
    let rules = RuleBook::new(vec![source], &[Catalogue::built_in()], &schema).unwrap();
    assert!(rules.reads_principal("download-report") && !rules.reads_principal("accept-agreement"));
}

/// D3: the built-in policies of the fact name the BAA; a user's may name another kind.
#[test]
fn kinds_that_cover_as_hipaa_asks_are_those_that_the_rules_name() {
    let schema = EntitySchema::built_in().unwrap();
    let kinds = |rules: &RuleBook| rules.hipaa_kinds().iter().cloned().collect::<Vec<_>>();
    assert_eq!(kinds(&RuleBook::built_in(&schema).unwrap()), ["baa"]);
    let text = "@id(\"a\") @rule(\"R1\") permit(principal, action == Artifact::Action::\"covered\", resource)
        when { context.covered.contains(\"andb\") };
        @id(\"b\") @rule(\"R1\") permit(principal, action == Artifact::Action::\"designated\", resource)
        when { principal is Artifact::OfflineAgreement && principal.kind == \"nzndb\" };";
    let own = RuleBook::of_sources(vec![SourceFile::new("x.cedar", text)], &schema).unwrap();
    assert_eq!(kinds(&own), ["andb"]);
}

const REPORT: &str = "action == Artifact::Action::\"download-report\"";

#[test]
fn mistakes_have_their_place() {
    let permit = format!("permit(principal, {REPORT}, resource);");
    assert!(errors(&permit)[0].contains("has no `@id`"));
    assert!(errors(&format!("@id(\"a\") {permit}"))[0].contains("has no `@rule`"));
    let unknown = "@id(\"a\") @rule(\"R1\") permit(principal, action == Artifact::Action::\"no\", resource);";
    assert!(errors(unknown)[0].starts_with("Action::\"no\""), "{:?}", errors(unknown));
    let twice = format!("@id(\"a\") @rule(\"R1\") {permit}");
    assert!(errors(&twice.repeat(2))[0].starts_with("@id(\"a\") | two policies"));
    assert!(errors("permit(")[0].contains("unexpected end"));
    assert!(errors("@id(\"a\") @rule(\"R1\") permit(principal, action, resource);")[0].contains("names no action"));
}

/// What the built-in gates say that they require is what their conditions ask for. A run does not check it again.
#[test]
fn the_built_in_requirements_are_what_the_conditions_ask_for() {
    let elsewhere = BUILT_IN.iter().map(|(path, text)| SourceFile::new(format!("copy/{path}"), *text)).collect();
    let rules = RuleBook::new(elsewhere, &[Catalogue::built_in()], &EntitySchema::built_in().unwrap()).unwrap();
    assert!(rules.rules.values().filter(|r| !r.requires.is_empty()).count() >= 8);
}

fn gate(requires: &str, unless: &str) -> Vec<String> {
    let requires = if requires.is_empty() { String::new() } else { format!("@requires(\"{requires}\")") };
    errors(&format!(
        "@id(\"a\") @rule(\"R1\") @order(\"1\") @reason(\"no\") {requires} forbid(principal, {REPORT}, resource) {unless};"
    ))
}

#[test]
fn requirements_that_differ_from_the_condition_are_errors() {
    let one = "unless { context.allowed.contains(\"artifact:Get\") }";
    let both = "classic: artifact:Get; fine-grained: artifact:Get";
    assert_eq!(gate(both, one), Vec::<String>::new());
    for (requires, condition) in [
        ("", one),
        ("classic: artifact:Get", one),
        ("classic: artifact:Get, artifact:GetReport; fine-grained: artifact:Get", one),
        (
            both,
            "when { context.generation == \"classic\" } unless { context.allowed.contains(\"artifact:GetReport\") }",
        ),
        (both, "unless { context.allowed.containsAny([\"artifact:Get\", \"artifact:GetReport\"]) }"),
        (both, "unless { context.inForce || context.allowed.contains(\"artifact:Get\") }"),
        (both, "when { context.allowed.contains(\"artifact:Get\") }"),
        (both, ""),
    ] {
        let found = gate(requires, condition);
        assert!(found.first().is_some_and(|e| e.contains("`@requires`")), "{requires} {condition}: {found:?}");
    }
    let split = "when { context.scope == \"organization\" } unless { context.allowed.contains(\"artifact:Get\") }";
    assert_eq!(gate(both, split), Vec::<String>::new());
    let of_scope = "unless { context.scope == \"account\" || context.allowed.contains(\"artifact:Get\") }";
    assert_eq!(gate(both, of_scope), Vec::<String>::new());
    let mixed = "unless { context.allowed.contains(\"artifact:Get\") && resource has nda }";
    assert!(gate(both, mixed)[0].contains("`@requires`"), "{:?}", gate(both, mixed));
    let other = "unless { context.allowed.contains(\"artifact:Get\") || context.report.version == 1 }";
    assert!(gate(both, other)[0].contains("a clause of its own"), "{:?}", gate(both, other));
}

#[test]
fn requirements_are_read_strictly() {
    use requires::BadRequires;
    type Wrong = fn(String) -> BadRequires;
    for (text, wrong, words) in [
        ("classic:artifact:Get", BadRequires::Form as Wrong, "classic:artifact:Get"),
        ("new: artifact:Get", BadRequires::Generation, "new"),
        ("classic: Get", BadRequires::Action, "Get"),
        ("classic: artifact:Get; classic: artifact:Get", BadRequires::Repeated, "classic"),
        ("", BadRequires::Form, ""),
        ("classic: ", BadRequires::Form, "classic:"),
    ] {
        assert_eq!(requires::parse(text), Err(wrong(words.to_owned())), "{text}");
    }
    let read = requires::parse("classic: a:B; fine-grained in force: a:C, a:*").unwrap();
    assert_eq!(read["fine-grained in force"], ["a:C", "a:*"]);
}

#[test]
fn deep_nesting_is_an_error_not_a_crash() {
    for text in [
        format!("permit(principal, action, resource) when {{ {}true{} }};", "(".repeat(5000), ")".repeat(5000)),
        format!("permit(principal, action, resource) when {{ {}true }};", "!".repeat(5000)),
        format!(
            "permit(principal, action, resource) when {{ {}true{} }};",
            "if true then ".repeat(5000),
            " else true".repeat(5000)
        ),
    ] {
        assert!(errors(&text)[0].contains("nested"), "{:?}", errors(&text));
    }
}
