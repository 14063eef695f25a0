//! `can` and `who-can`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Serialize, Serializer};

use super::becoming::{self, AsRole};
use super::errors::usage;
use super::{Cli, EvaluationArgs, NOT_OK, OK, PrintingTables, Session, day, ending, narrow, output, unlisted};
use crate::report;
use crate::report::plain::Names;
use crate::report::plain::can::Asked;
use crate::report::plain::who::Elsewhere;
use crate::report::rows::Besides;
use crate::report::typed::{Typed, USUAL_KIND};
use crate::report::who_can::{Escalations, Kept, Needed, Row, near};
use countersign_core::assessment::completeness::others::Others;
use countersign_core::assessment::escalation::{self, Escalation};
use countersign_core::assessment::plans::Planner;
use countersign_core::assessment::{
    ASSUMES, Assessment, GRANTS_ITSELF, OperationAnswer, Options, PrincipalAnswer, assess, assess_each,
};
use countersign_core::diff::PrincipalEntry;
use countersign_core::people::{self, Assumer, Behind, Other, Roles};
use countersign_core::policies::operations::About;
use countersign_core::problem::{Failure, Named, Unknown};
use countersign_core::provenance::Provenance;
use countersign_core::terms::{AnyAllowed, Decision, PermissionModel, PrincipalKind, Scope};

#[derive(Args)]
pub struct CanArgs {
    /// A user name, a role, `root`, a permission set, a person in Identity Center, or an ARN
    principal: String,
    #[command(flatten)]
    question: Question,
    /// Ask whether any request could succeed: nothing is assumed or set, and the request may be made at any time
    #[arg(long, conflicts_with = "context")]
    any: bool,
}

#[derive(Args)]
pub struct WhoCanArgs {
    #[command(flatten)]
    question: Question,
}

/// What `--agreement` takes in place of a kind.
const EVERY_KIND: &str = "all";

/// One operation, and on what.
#[derive(Args)]
struct Question {
    /// The operation, such as accept-agreement; a unique beginning such as `terminate`, or another word for it such as `sign`; for
    /// `who-can` also end-coverage
    operation: String,
    /// The folder of the inventory [default: this folder or the nearest parent with countersign.toml]
    dir: Option<PathBuf>,
    #[command(flatten)]
    asking: EvaluationArgs,
    #[command(flatten)]
    printing: PrintingTables,
    /// Also show the policies, statements, rules and ARNs behind the answer
    #[arg(long)]
    explain: bool,
    /// `account` or `organization` [default: both]
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
    /// The agreement, by its kind or by what people call it: baa, "HIPAA BAA"; `all` asks about every kind
    #[arg(long, value_name = "KIND", default_value = USUAL_KIND)]
    agreement: String,
    /// Only these reports, by id or by series [default: all]
    #[arg(long, value_name = "REPORT")]
    report: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answers<'a> {
    schema: &'static str,
    provenance: &'a Provenance,
    at: &'a str,
    permission_model: PermissionModel,
    leaves_out: Vec<&'static str>,
    answers: &'a [PrincipalAnswer],
    as_roles: &'a [AsRole],
    perhaps_through: &'a [Others],
    could_grant_itself: Vec<CouldGrant<'a>>,
}

/// A principal that lacks a permission, and may grant it to itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CouldGrant<'a> {
    #[serde(flatten)]
    principal: PrincipalEntry,
    by: &'a [Escalation],
}

fn could_grant<'a>(assessment: &Assessment, found: &'a Escalations) -> Vec<CouldGrant<'a>> {
    let of = |p: &PrincipalAnswer| found.get(&(p.account.clone(), p.principal.clone()));
    let all = assessment.principals.iter();
    all.filter_map(|p| Some(CouldGrant { principal: PrincipalEntry::of(p), by: of(p)? })).collect()
}

/// What no answer takes into account, in a sentence.
fn told_left_out(leaves_out: &[&str]) -> String {
    if leaves_out.is_empty() { String::new() } else { format!("Left out: {}.", leaves_out.join("; ")) }
}

/// What is told besides is not left out.
fn left_out(assessment: &Assessment, told: &[&str]) -> Vec<&'static str> {
    assessment.leaves_out.iter().copied().filter(|what| !told.contains(what)).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WhoCan<'a> {
    schema: &'static str,
    provenance: &'a Provenance,
    at: &'a str,
    permission_model: PermissionModel,
    leaves_out: Vec<&'static str>,
    operation: &'static str,
    may: Rows<'a>,
    unknown: Rows<'a>,
    nearly: Rows<'a>,
    perhaps_others: &'a [Others],
    could_grant_itself: Vec<CouldGrant<'a>>,
    /// Agreements that end the cover of accounts, and that nobody ends by the operation, in sentences.
    elsewhere: &'a [String],
}

/// Rows, each of which is made as it is written.
#[derive(Clone, Copy)]
struct Rows<'a> {
    assessment: &'a Assessment,
    roles: &'a Roles,
    rows: &'a [Row<'a>],
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows.iter().map(|row| Answer::new(self.assessment, *row, self.roles)))
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    principal: &'a str,
    account: &'a str,
    kind: PrincipalKind,
    name: &'a str,
    people: &'a [countersign_core::assessment::Person],
    /// Who may become it, for a role that may do the operation or perhaps may.
    #[serde(rename = "standsBehind")]
    stands_behind: Option<StandsBehind<'a>>,
    answer: &'a OperationAnswer,
    /// The agreement that governs the account, where it is another than the one that is asked about.
    #[serde(rename = "anotherGoverns")]
    another_governs: Option<&'static str>,
}

/// Who may become a role.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StandsBehind<'a> {
    assumers: Vec<AssumerAnswer<'a>>,
    people_unknown: &'a [Other],
    trusted: &'a [String],
    /// Nobody in the inventory may assume it.
    nobody: bool,
}

/// A user or a permission set that may become a role.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AssumerAnswer<'a> {
    #[serde(flatten)]
    principal: PrincipalEntry,
    roles: &'a [String],
    certain: bool,
    depends_on: &'a [String],
}

impl<'a> Answer<'a> {
    fn new(assessment: &Assessment, (p, answer): Row<'a>, roles: &'a Roles) -> Self {
        let behind = roles.get(&p.principal).filter(|_| answer.decision != Decision::Deny);
        let stands_behind = behind.map(StandsBehind::new);
        let (principal, account) = (&p.principal, &p.account);
        let another_governs = report::plain::who::another_governs(assessment, p, answer);
        let (kind, name, people) = (p.kind, &p.name, &p.people);
        Self { principal, account, kind, name, people, stands_behind, answer, another_governs }
    }
}

impl<'a> StandsBehind<'a> {
    pub fn new(behind: &'a Behind) -> Self {
        let assumer = |a: &'a Assumer| AssumerAnswer {
            principal: (&a.identity).into(),
            roles: &a.roles,
            certain: a.certain,
            depends_on: &a.depends_on,
        };
        Self {
            assumers: behind.assumers.iter().map(assumer).collect(),
            people_unknown: &behind.others,
            trusted: &behind.trusted,
            nobody: behind.is_nobody(),
        }
    }
}

/// That the folder was written where the operation stands, and the operation where the folder does.
fn in_order(question: &Question, command: &str) -> Result<(), Failure> {
    let Question { operation, dir, .. } = question;
    let Some(dir) = dir.as_ref().filter(|dir| !dir.exists() && Path::new(operation).is_dir()) else { return Ok(()) };
    let folder = Some(operation.clone());
    let line = Typed { folder, ..Typed::default() }.command(&format!("{command} {}", dir.display()), &[]);
    Err(usage("the operation comes before the folder").help(format!("write {line}")).into())
}

/// What an operation is asked about.
fn about(session: &Session, operation: &str) -> About {
    session.rules.operations.operation(operation).map_or(About::Account, |o| o.about)
}

/// The options that narrow an assessment to one operation.
fn narrowed(
    session: &mut Session,
    (operation, named): (&'static str, Vec<String>),
    question: &Question,
) -> Result<(), Failure> {
    let Question { scope, agreement, report, .. } = question;
    let reports = [named, narrow::reports(session, report)?].concat();
    let about = about(session, operation);
    let scope_of = |word: &String| {
        Scope::named(word).ok_or_else(|| Failure::from(Unknown::new(Named::Scope, word, ["account", "organization"])))
    };
    let scope = scope.as_ref().map(scope_of).transpose()?;
    let filter = &mut session.options.filter;
    filter.answers_alone = true;
    filter.operations = vec![operation.to_owned()];
    filter.reports = reports;
    if let (Some(scope), false) = (scope, about == About::Report) {
        filter.scopes = vec![scope];
    }
    // without a kind, every kind is asked about
    if about == About::Agreement && !agreement.eq_ignore_ascii_case(EVERY_KIND) {
        session.options.filter.agreements = narrow::kinds(&session.inventory, std::slice::from_ref(agreement))?;
    }
    Ok(())
}

/// An assessment without any answer was asked something that the accounts do not have.
fn some_answer(session: &Session, assessment: &Assessment, operation: &str) -> Result<(), Failure> {
    if assessment.principals.iter().any(|p| !p.operations.is_empty()) {
        return Ok(());
    }
    let problem = match about(session, operation) {
        About::Report => usage("the inventory has no report that these accounts could download")
            .help("declare an entity of type Report"),
        _ => usage(format!("{operation} is not offered for that scope and kind in these accounts"))
            .help("leave out --scope, or name another --agreement"),
    };
    Err(problem.into())
}

pub fn can(cli: &Cli, args: &CanArgs) -> Result<u8, Failure> {
    in_order(&args.question, &format!("can {}", args.principal))?;
    let mut session = cli.session(args.question.dir.as_ref(), &args.question.asking)?;
    let (operation, reports) = narrow::asked(&session, &args.question.operation, &args.question.agreement)?;
    let name = narrow::spelled(&session, &args.principal);
    let named = narrow::principal(&session, &name);
    // whoever acts in other accounts may act here by a role
    let elsewhere = if named.is_err() { narrow::elsewhere(&session, &name) } else { Vec::new() };
    let is_person = named.as_ref().err().is_some_and(|f| matches!(f, Failure::NoPermissionSet { .. }));
    let missing = is_person || !elsewhere.is_empty();
    let (own, why) = match named {
        Ok(own) => (own, None),
        Err(failure) if missing => (Vec::new(), Some(failure)),
        Err(failure) => return Err(failure),
    };
    session.options.filter.principals = Some(own);
    narrowed(&mut session, (operation, reports), &args.question)?;
    session.options.any_request = args.any;
    // an organization is called by its id where accounts are in several
    session.options.filter.answers_alone = session.inventory.of_type("Organization").nth(1).is_none();
    let mut assessment = assess(&session.inventory, &session.rules, &session.options)?;
    let besides = unlisted::besides(&session, &name, &assessment)?;
    let as_roles = becoming::roles(&session, &mut assessment, &elsewhere)?;
    if let Some(why) = why.filter(|_| besides.is_empty() && as_roles.is_empty()) {
        return Err(why);
    }
    if !missing {
        some_answer(&session, &assessment, operation)?;
    }
    let planner = Planner::new(&session.inventory, &session.rules, &session.options);
    planner.copying_at_most(MOST_PLANNED).add(&mut assessment)?;
    let grants = escalation::of((&session.inventory, &session.rules), &session.options, &assessment.principals)?;
    let told: &[&str] = if becoming::are_told(&assessment) { &[GRANTS_ITSELF, ASSUMES] } else { &[GRANTS_ITSELF] };
    let leaves_out = left_out(&assessment, told);
    let provenance = &session.provenance();
    let json = Answers {
        schema: "countersign/answers/v1",
        provenance,
        at: &assessment.at,
        permission_model: assessment.permission_model,
        leaves_out: leaves_out.clone(),
        answers: &assessment.principals,
        as_roles: &as_roles,
        perhaps_through: &besides,
        could_grant_itself: could_grant(&assessment, &grants),
    };
    let asked = Asked { names: Names::new(&session.inventory), name: &narrow::signed_in(&session, &name) };
    let accounts = assessment.principals.iter().map(|p| p.account.clone()).collect();
    let mut later = day::permissions(&session, accounts)?;
    if !assessment.principals.iter().flat_map(|p| p.operations.in_common()).any(|o| o.decision == Decision::Allow) {
        let accounts: Vec<String> = assessment.principals.iter().map(|p| p.account.clone()).collect();
        later.extend(ending::elsewhere(&session, &assessment, &accounts)?);
    }
    let text = || can_text(args, &assessment, &asked, (&as_roles, &besides, &grants), (&leaves_out, &later));
    let rows = || {
        let own = assessment.principals.iter().flat_map(|p| p.operations.iter().map(move |o| (p, o)));
        let (through, ways) = (becoming::answers(&as_roles), becoming::ways(asked.name, &as_roles));
        let all = own.chain(through.iter().map(|(p, o)| (*p, o)));
        let unknown = unlisted::first(&assessment, &besides, asked.name).into_iter();
        let mut sentences: Vec<String> = unknown.chain(becoming::first(&assessment, &as_roles, asked.names)).collect();
        if !assessment.principals.is_empty() {
            sentences.push(report::plain::can::headline(&assessment, &asked));
        }
        sentences.extend(later.iter().cloned());
        sentences.push(told_left_out(&leaves_out));
        let besides = Besides { grants: Some(&grants), ways: Some(&ways), ..Besides::default() };
        let table = report::rows::answers(&assessment, asked.names, besides, all).of_moment(&assessment.at, provenance);
        (sentences.join(" "), table)
    };
    output::write_table(&args.question.printing.format, &json, provenance, text, rows)?;
    let is_allowed = |o: &OperationAnswer| {
        o.any_request.as_ref().map_or(o.decision == Decision::Allow, |any| any.decision == AnyAllowed::Yes)
    };
    let allowed = assessment.principals.iter().flat_map(|p| p.operations.in_common()).all(is_allowed);
    Ok(if allowed && !missing { OK } else { NOT_OK })
}

/// The answer in plain words, then what is behind it where that is asked for.
fn can_text(
    args: &CanArgs,
    assessment: &Assessment,
    asked: &Asked<'_>,
    (as_roles, besides, grants): (&[AsRole], &[Others], &Escalations),
    (leaves_out, later): (&[&str], &[String]),
) -> String {
    let width = output::width();
    let mut parts: Vec<String> = unlisted::text(width, assessment, besides, asked.name).into_iter().collect();
    parts.extend(becoming::first(assessment, as_roles, asked.names).map(|f| report::paragraph(width, "", &f)));
    if !assessment.principals.is_empty() {
        parts.push(report::plain::can::can(width, assessment, asked));
    }
    if args.question.explain || args.any {
        parts.extend(assessment.principals.iter().map(|p| report::answer::principal(width, p, &assessment.at)));
    }
    parts.extend(becoming::text(width, as_roles));
    match report::who_can::could_grant(width, assessment, grants) {
        Some(grants) if args.question.explain => parts.push(grants),
        Some(_) => parts.push(report::paragraph(width, "", &report::plain::who::grants(grants.len()))),
        None => {}
    }
    let mut foot: String = later.iter().map(|l| report::paragraph(width, "", l)).collect();
    foot.push_str(&report::paragraph(width, "", &told_left_out(leaves_out)));
    if !args.question.explain {
        foot.push_str(&report::paragraph(width, "", &report::plain::can::foot(&assessment.at)));
    }
    parts.push(foot);
    parts.join("\n")
}

pub fn who_can(cli: &Cli, args: &WhoCanArgs) -> Result<u8, Failure> {
    in_order(&args.question, "who-can")?;
    if args.question.operation == ending::NAME {
        let Question { dir, asking, printing, agreement, scope, report, .. } = &args.question;
        let ignored = [("--scope", scope.is_some()), ("--report", !report.is_empty())];
        if let Some((option, _)) = ignored.iter().find(|(_, is)| *is) {
            let problem = usage(format!("{option} does not go with {}", ending::NAME));
            return Err(problem.help(format!("leave {option} out: each way is told with its scope")).into());
        }
        return ending::end_coverage(cli, dir.as_ref(), asking, &printing.format, agreement);
    }
    let mut session = cli.session(args.question.dir.as_ref(), &args.question.asking)?;
    let (operation, reports) = narrow::asked(&session, &args.question.operation, &args.question.agreement)?;
    narrowed(&mut session, (operation, reports), &args.question)?;
    let (assessment, grants) = asked(&session)?;
    some_answer(&session, &assessment, operation)?;
    let roles = people::behind((&session.inventory, &session.rules), &session.options, &assessment.principals)?;
    let rows = report::who_can::rows(&assessment, &needed(&session, &assessment)?);
    let [may, unknown, nearly] = rows.each_ref().map(|rows| Rows { assessment: &assessment, roles: &roles, rows });
    let provenance = &session.provenance();
    let leaves_out = left_out(&assessment, &[GRANTS_ITSELF, ASSUMES]);
    let accounts = &session.options.filter.accounts;
    let sentences = &ending::elsewhere(&session, &assessment, accounts)?;
    let json = WhoCan {
        schema: "countersign/who-can/v1",
        provenance,
        at: &assessment.at,
        permission_model: assessment.permission_model,
        leaves_out: leaves_out.clone(),
        operation,
        may,
        unknown,
        nearly,
        perhaps_others: &assessment.completeness.perhaps_others,
        could_grant_itself: could_grant(&assessment, &grants),
        elsewhere: sentences,
    };
    let names = Names::new(&session.inventory);
    let later = day::permissions(&session, session.options.filter.accounts.clone())?;
    let elsewhere = Elsewhere { sentences, named: !accounts.is_empty() };
    let foot: Vec<String> = later.into_iter().chain([told_left_out(&leaves_out)]).collect();
    let asked = (names, operation, &session.typed);
    let text = || who_text(args, (&assessment, &roles, &rows), asked, (&grants, elsewhere, &foot));
    let table = || {
        let [may, unknown, nearly] = &rows;
        let all = [may, unknown, nearly];
        let mut sentences = vec![report::plain::who::first((&assessment, &roles), names, all, elsewhere)];
        sentences.extend(foot.iter().cloned());
        sentences.extend(assessment.completeness.perhaps_others.first().map(|_| {
            let others = report::completeness::others(&assessment.completeness.perhaps_others);
            format!("Perhaps others, who are not listed: {}.", others.join("; "))
        }));
        if !grants.is_empty() {
            sentences.push(report::plain::who::grants(grants.len()));
        }
        let besides = Besides { roles: Some(&roles), grants: Some(&grants), ..Besides::default() };
        let table = report::rows::who(&assessment, names, besides, rows.concat());
        let table = report::rows::elsewhere(table, elsewhere.sentences);
        (sentences.join(" "), table.of_moment(&assessment.at, provenance))
    };
    output::write_table(&args.question.printing.format, &json, provenance, text, table)?;
    Ok(OK)
}

/// Those of whom something is told, and what they may grant themselves.
fn asked(session: &Session) -> Result<(Assessment, Escalations), Failure> {
    let mut kept = Kept::default();
    let options = Options { grants_itself: true, ..session.options.clone() };
    let mut assessment = assess_each(&session.inventory, &session.rules, &options, |principal| kept.add(principal))?;
    let ways = |p: &mut PrincipalAnswer| {
        let ways = std::mem::take(&mut p.could_grant_itself);
        (!ways.is_empty()).then(|| ((p.account.clone(), p.principal.clone()), ways))
    };
    let grants = kept.principals.iter_mut().filter_map(ways).collect();
    assessment.principals = kept.principals;
    Ok((assessment, grants))
}

/// The same for the plans of `can`, each of which is told.
const MOST_PLANNED: usize = 300_000;

/// Plans are tried as long as they copy no more entities than this: they are made to a copy of the inventory.
const MOST_COPIED: usize = 200_000;

/// What those who are denied and look near would need: removing a denial may show that nothing allows. In a large inventory, of those
/// who come last it is not tried.
fn needed(session: &Session, assessment: &Assessment) -> Result<Needed, Failure> {
    let planner = Planner::new(&session.inventory, &session.rules, &session.options);
    let most = MOST_COPIED / session.inventory.entities.len().max(1);
    let mut found = Needed::new();
    for (at, (principal, answer)) in near(assessment).take(most) {
        found.insert(at, planner.permissions_needed(principal, answer)?);
    }
    Ok(found)
}

/// Who may in plain words, then what is behind it where that is asked for.
fn who_text(
    args: &WhoCanArgs,
    assessed: (&Assessment, &Roles, &[Vec<Row<'_>>; 3]),
    (names, operation, typed): (Names<'_>, &str, &Typed),
    (grants, elsewhere, foot): (&Escalations, Elsewhere<'_>, &[String]),
) -> String {
    let (width, explain) = (output::width(), args.question.explain);
    let mut parts = vec![report::plain::who::who(width, assessed, names, (elsewhere, typed))];
    if explain {
        parts.push(report::who_can::who_can(width, assessed, operation, typed));
    }
    let (assessment, ..) = assessed;
    match report::who_can::could_grant(width, assessment, grants) {
        Some(grants) if explain => parts.push(grants),
        Some(_) => parts.push(report::paragraph(width, "", &report::plain::who::grants(grants.len()))),
        None => {}
    }
    let mut foot: String = foot.iter().map(|line| report::paragraph(width, "", line)).collect();
    if !explain {
        foot.push_str(&report::paragraph(width, "", &report::plain::can::foot(&assessment.at)));
    }
    parts.push(foot);
    parts.join("\n")
}
