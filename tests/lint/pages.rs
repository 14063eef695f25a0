//! Rules by their own pages, and by what AWS publishes.

use std::collections::BTreeSet;

use countersign_core::lint::{Rule, rules};

use super::{Example, codes, examples, lint, settings_of, told};

#[test]
fn every_rule_has_its_page() {
    let mut codes = BTreeSet::new();
    for rule in rules::all() {
        assert!(codes.insert(rule.code), "{} stands twice", rule.code);
        let path = format!("docs/rules/{}.md", rule.code);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), rule.page, "{path}");
        let mut lines = rule.page.lines();
        assert_eq!(lines.next(), Some(format!("# {} {}", rule.code, rule.name).as_str()));
        let facts = rule.page.lines().find(|l| l.starts_with("severity: ")).unwrap();
        let wanted = format!("severity: {} · confidence: {} · fix: ", rule.severity.word(), rule.confidence.word());
        assert!(facts.starts_with(&wanted), "{}: {facts}", rule.code);
        assert_eq!(facts.contains("an opinion"), rule.opinion, "{}", rule.code);
        for section in ["Bad", "Good"] {
            assert!(!examples(rule.page, section).is_empty(), "{} has no {section}", rule.code);
        }
        assert!(rule.page.contains("\n## Sources\n"), "{}", rule.code);
    }
    let pages = std::fs::read_dir("docs/rules").unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let pages: BTreeSet<String> = pages.filter(|p| p != "README.md").collect();
    let known: BTreeSet<String> = codes.iter().map(|c| format!("{c}.md")).collect();
    assert_eq!(pages, known, "every page has its rule");
    let index = std::fs::read_to_string("docs/rules/README.md").unwrap();
    for rule in rules::all() {
        let off = if rule.opinion { ", off by default" } else { "" };
        let (code, name) = (rule.code, rule.name);
        let row = format!("| [{code}]({code}.md) {name} | {}{off} | {} |\n", rule.severity.word(), rule.summary());
        assert!(index.contains(&row), "docs/rules/README.md: {row}");
    }
    let files = std::fs::read_dir("crates/core/src/lint/rules").unwrap().count();
    assert_eq!(files, rules::all().len() + 5, "every file of a rule stands in the registry");
}

#[test]
fn bad_examples_are_found_and_good_ones_are_clean() {
    for rule in rules::all() {
        let bad = examples(rule.page, "Bad");
        let mut settings = settings_of(&bad);
        if rule.opinion {
            settings.switch_on(rule);
        }
        let found = lint(&bad, &settings).findings;
        assert!(codes(&found).contains(rule.code), "{}: {:#?}", rule.code, told(&found));
        let says = fixes_of(rule);
        let fixes: BTreeSet<bool> =
            found.iter().filter(|f| f.rule.code == rule.code).filter_map(|f| f.fix.as_ref()).map(|f| f.safe).collect();
        for safe in [true, false] {
            let word = if safe { "safe" } else { "unsafe" };
            assert!(
                !fixes.contains(&safe) || says.split(' ').any(|w| w.trim_end_matches(',') == word),
                "{}: {says}",
                rule.code
            );
        }
        assert_eq!(says.starts_with("none"), fixes.is_empty(), "{}: {says} {fixes:?}", rule.code);

        let good = examples(rule.page, "Good");
        let mut settings = settings_of(&good);
        if rule.opinion {
            settings.switch_on(rule);
        }
        let found = lint(&good, &settings).findings;
        assert_eq!(told(&found), Vec::<String>::new(), "{}", rule.code);
    }
}

/// What a page says of its rule's fixes.
fn fixes_of(rule: &Rule) -> &str {
    let line = rule.page.lines().find(|l| l.starts_with("severity: ")).unwrap();
    line.split("fix: ").nth(1).unwrap().split(" · ").next().unwrap()
}

/// The files of a folder, as lint reads them.
fn folder(path: &str) -> Vec<Example> {
    let mut found: Vec<Example> = std::fs::read_dir(path)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "json"))
        .map(|p| Example::new(p.file_name().unwrap().to_str().unwrap(), std::fs::read_to_string(&p).unwrap()))
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!found.is_empty(), "{path}");
    found
}

/// The policies of the User Guide: those of today are clean but for two traps, those of 2019 have ended.
#[test]
fn examples_of_the_user_guide() {
    let outcome = lint(&folder("tests/data/user-guide"), &settings_of(&[]));
    let found = told(&outcome.findings);
    let of = |name: &str| -> Vec<&String> { found.iter().filter(|f| f.split(' ').nth(1) == Some(name)).collect() };
    // T3
    for name in ["create-role.json", "management-account-agreements.json"] {
        let own = of(name);
        assert!(matches!(own.as_slice(), [one] if one.starts_with("CS142") && one.contains("iam:GetRole")), "{own:#?}");
    }
    // T6
    let own = of("soc-pci-iso-reports.json");
    assert!(matches!(own.as_slice(), [one] if one.contains("CS142") && one.contains("ListReportVersions")), "{own:#?}");
    // T5
    for name in ["2019-full-access.json", "2019-set-up-and-manage-organization.json"] {
        assert!(of(name).iter().any(|f| f.contains("CS131") && f.contains("arn:aws:iam:::role/*")), "{found:#?}");
        assert_eq!(of(name).iter().filter(|f| f.starts_with("CS123")).count(), 3, "{found:#?}");
    }
    for example in folder("tests/data/user-guide") {
        let own = of(&example.name);
        let old = example.name.starts_with("2019-");
        assert_eq!(own.iter().any(|f| f.starts_with("CS122")), old, "{own:#?}");
        let trap = ["create-role.json", "management-account-agreements.json", "soc-pci-iso-reports.json"];
        assert!(old || trap.contains(&example.name.as_str()) || own.is_empty(), "{own:#?}");
    }
}
