//! The parts that need an inventory. A change is held to the settings of its target as well as to its own, unless it was accepted that
//! it weakens them.

use std::path::Path;

use super::super::diff::diff_of;
use super::super::{Cli, Session, limits, output};
use super::CheckArgs;
use super::versions::{self, Gate, Loaded, Ungated};
use crate::check::{Checked, Part, RulesChange, WeakeningReport};
use crate::report::expectations::title;
use crate::revision::in_repository;
use countersign_core::assessment::Options;
use countersign_core::assessment::completeness::gaps;
use countersign_core::assessments::Assessments;
use countersign_core::diff::{Diff, Found};
use countersign_core::expectations::run::{Case, run};
use countersign_core::expectations::{SUFFIX, Suite};
use countersign_core::finding::Finding;
use countersign_core::guardrails::{FOLDER, Guardrail, GuardrailResult, GuardrailState};
use countersign_core::inventory::Inventory;
use countersign_core::inventory::config::{Config, Exception, FILE};
use countersign_core::inventory::limits::Limited;
use countersign_core::lint::gains;
use countersign_core::lint::settings::Settings;
use countersign_core::people::carried::{self, Carried};
use countersign_core::policies::RuleBook;
use countersign_core::problem::{Failure, Place, Problem};
use countersign_core::promises::{self, Kind, Weakening, as_declared, canonical, honoured};
use countersign_core::provenance::Provenance;
use countersign_core::source::Folder;
use countersign_core::source::digest::Listing;

/// What a check has to say so far, and what it was made from.
pub struct Saying<'c> {
    /// What was found.
    pub checked: &'c mut Checked,
    /// What it was made from.
    pub provenance: &'c mut Provenance,
    /// Files beside the inventory.
    pub files: &'c mut Listing,
}

/// Checks what was asked for; gives the version that is checked, and what it is checked against.
pub fn check(
    cli: &Cli,
    args: &CheckArgs,
    session: Session,
    saying: &mut Saying<'_>,
) -> Result<(Loaded, Option<Gate>), Failure> {
    if args.wants(Part::Completeness) || args.require_complete {
        let asked = args.only.contains(&Part::Completeness);
        saying.checked.add_completeness(gaps(&session.inventory, session.options.at), asked);
    }
    let gate = versions::gate(cli, args, &session)?;
    let head = Loaded::new(session.source.name(), session, versions::baseline(args)?)?;
    let limited = gate.as_ref().map_or(Ok(()), |gate| within(&gate.target().written, &cli.limit, &head.session));
    // what is too large is not asked about, unless it may turn out to be accepted
    let limited = if args.accepted().is_empty() { Ok(limited?) } else { limited };
    // what guardrails come to is told by the rules of the target, as are the other parts
    let rules = gate.as_ref().map_or(&head.session.rules, |gate| &gate.target().session.rules);
    let carried = carried(gate.as_ref().ok(), &head.session, rules)?;
    let asked = Asked::new(&head.session.inventory, &carried, rules);
    let guarded = match &head.guardrails {
        Some(own) if !own.all.is_empty() && args.wants_any(parts_of(Kind::Guardrail)) => {
            own.check(asked.promised(), &head.session.options)?
        }
        _ => Vec::new(),
    };
    let mut idle = gate.as_ref().map_or(Ok(Vec::new()), |gate| idle(&head, gate, &guarded))?;
    if let Ok(gate) = &gate
        && args.wants_any(parts_of(Kind::EvadedGuardrail))
    {
        idle.extend(evaded(&head, gate, asked.promised())?);
    }
    if let Ok(gate) = &gate
        && args.wants_any(parts_of(Kind::Phi))
    {
        idle.extend(undeclared(&head, gate, &asked.own, saying.checked)?);
    }
    weakening((cli, args), &head, (gate.as_ref(), idle), saying.checked);
    let accepted = saying.checked.weakening.as_ref().is_some_and(|w| w.accepted);
    if !accepted {
        limited?;
    }
    if let Err(ungated) = &gate
        && args.wants(Part::Diff)
    {
        saying.checked.skip(Part::Diff, ungated.why().to_owned());
    }
    if args.only.is_empty() || args.only.iter().any(|part| *part != Part::Lint) {
        let checking = Checking::new(args, (&head, &asked, guarded), gate.as_ref().ok(), saying.checked);
        checking.parts(cli, saying)?;
    }
    Ok((head, gate.ok()))
}

/// The guardrails that are about nobody with the change, and were about somebody before it: in the target, and where the change began.
fn idle(head: &Loaded, gate: &Gate, guarded: &[GuardrailResult]) -> Result<Vec<Weakening>, Failure> {
    let is_idle = |result: &&GuardrailResult| result.outcome == GuardrailState::NotApplicable;
    let mut ids: Vec<&GuardrailResult> = guarded.iter().filter(is_idle).collect();
    let versions = gate.target.iter().chain([&gate.base]);
    for version in versions {
        let Some(own) = &version.guardrails else { return Ok(Vec::new()) };
        if ids.iter().any(|result| own.all.contains_key(&result.id)) {
            let session = &version.session;
            let asked = own.check(&Assessments::new(&session.inventory, &session.rules), &session.options)?;
            ids.retain(|result| asked.iter().any(|before| before.id == result.id && !is_idle(&before)));
        } else {
            return Ok(Vec::new());
        }
    }
    let place = |id: &str| head.promises.place(Kind::Guardrail, id);
    Ok(ids.into_iter().map(|result| Weakening::idle(result, place(&result.id), &gate.target().name)).collect())
}

/// The guardrails of the target that no longer hold for somebody whom they were about where the change began.
fn evaded(head: &Loaded, gate: &Gate, promised: &Assessments<'_>) -> Result<Vec<Weakening>, Failure> {
    let target = gate.target();
    let Some(theirs) = target.guardrails.as_ref().filter(|g| !g.all.is_empty()) else { return Ok(Vec::new()) };
    let (base, options) = (&gate.base.session, &head.session.options);
    let before = Assessments::new(&base.inventory, promised.rules);
    let found = theirs.evaded(&before, promised, [&base.options.moved_to(options.at), options])?;
    let place = |id: &str| head.promises.place(Kind::Guardrail, id).or(target.promises.place(Kind::Guardrail, id));
    Ok(found.iter().map(|evaded| Weakening::evaded(evaded, place(&evaded.id), &target.name)).collect())
}

/// The findings that the change would have if accounts declared the PHI that they did where it began, and that would fail it.
fn undeclared(
    head: &Loaded,
    gate: &Gate,
    assessments: &Assessments<'_>,
    checked: &Checked,
) -> Result<Vec<Weakening>, Failure> {
    let inventory = &head.session.inventory;
    let Some(declared) = as_declared(&gate.base.session.inventory, inventory) else { return Ok(Vec::new()) };
    let options = &head.session.options;
    let before = Assessments::new(&declared.inventory, assessments.rules).at_least(options)?;
    let now = assessments.at_least(options)?;
    let known: Vec<(String, String, String)> = now.findings.iter().map(identity).collect();
    let gone = before.findings.iter().filter(|f| checked.fails(f.severity) && !known.contains(&identity(f)));
    let accounts: Vec<String> = declared.accounts.iter().map(|uid| uid.id.clone()).collect();
    let entity = declared.accounts.first().and_then(|uid| inventory.entities.get(uid));
    let place = entity.map(|e| Place { source: e.source.clone(), span: e.span });
    Ok(gone.map(|finding| Weakening::undeclared(finding, &accounts, place.as_ref())).collect())
}

/// What of the base the change does not settle; nothing without a base.
fn carried(gate: Option<&Gate>, head: &Session, rules: &RuleBook) -> Result<Carried, Failure> {
    let Some(gate) = gate else { return Ok(Carried::default()) };
    let base = &gate.base.session;
    let then = base.options.moved_to(head.options.at);
    carried::carried((&base.inventory, &head.inventory), rules, [&then, &head.options])
}

/// A change is held to the limits of its target, whatever it says of them itself.
fn within(target: &Config, given: &[limits::Given], head: &Session) -> Result<(), Failure> {
    let limits = limits::with(given, target.limits.clone());
    let entities = head.inventory.entities.values().filter(|e| !e.built_in).count();
    let read = [
        (Limited::Files, head.inventory.files.files as u64),
        (Limited::Bytes, head.inventory.files.bytes),
        (Limited::Entities, entities as u64),
    ];
    let name = head.source.name();
    let problems: Vec<_> = read.into_iter().filter_map(|(of, number)| limits.exceeded(of, number, &name)).collect();
    if problems.is_empty() { Ok(()) } else { Err(Failure::Problems(problems)) }
}

/// What the change weakens, of the parts that were asked for.
fn weakening(
    (cli, args): (&Cli, &CheckArgs),
    head: &Loaded,
    (gate, idle): (Result<&Gate, &Ungated>, Vec<Weakening>),
    checked: &mut Checked,
) {
    let gate = match gate {
        Ok(gate) => gate,
        Err(Ungated::Adoption(why)) => {
            if args.wants_any(&[Part::Weakening]) {
                checked.add_weakening(WeakeningReport::adoption(why));
            }
            return;
        }
        Err(Ungated::Further { target, .. }) => {
            let inventory = in_repository(Path::new(&checked.folder)).unwrap_or_default();
            judged(args, target.clone(), vec![Weakening::further(&inventory, target)], checked);
            return;
        }
        Err(Ungated::NoBase(why)) => {
            if args.only.contains(&Part::Weakening) {
                checked.skip(Part::Weakening, why);
            }
            return;
        }
    };
    let target = gate.target();
    let mut found = promises::weakenings(&target.promises, &gate.base.promises, &head.promises, super::super::now());
    found.extend(idle);
    located(cli, [head, target], &checked.root, &mut found);
    judged(args, target.name.clone(), found, checked);
}

/// Gives what stands in a folder of rules that the command line names its path as seen from the inventory, as all else has.
fn located(cli: &Cli, versions: [&Loaded; 2], root: &str, found: &mut [Weakening]) {
    let typed = cli.policies.as_ref().or(cli.only_policies.as_ref());
    let Some(folder) = typed.and_then(|path| in_repository(path)) else { return };
    let names: Vec<&String> = versions.iter().filter_map(|v| v.session.rules.origin.folder.as_ref()).collect();
    let above = "../".repeat(root.split('/').filter(|part| !part.is_empty()).count());
    for weakening in found.iter_mut().filter(|w| w.kind == Kind::Rule) {
        let file = weakening.file.as_deref().unwrap_or_default();
        let inner = names.iter().find_map(|name| file.strip_prefix(name.trim_end_matches('/'))?.strip_prefix('/'));
        if let Some(inner) = inner.map(|inner| format!("{above}{folder}/{inner}")) {
            weakening.file = Some(inner);
        }
    }
}

/// Judges what is weakened, of the parts that were asked for.
pub fn judged(args: &CheckArgs, target: String, mut found: Vec<Weakening>, checked: &mut Checked) {
    found.retain(|w| args.wants_any(parts_of(w.kind)));
    // what is accepted of one inventory is not of another, were it the same
    let inventory = in_repository(Path::new(&checked.folder)).unwrap_or_default();
    let digest = (!found.is_empty()).then(|| promises::digest(&inventory, &found));
    let accepted = digest.as_ref().is_some_and(|digest| args.accepted().contains(&digest.as_str()));
    checked.add_weakening(WeakeningReport { target, adoption: None, entries: found, digest, accepted });
}

/// The parts that rest on a kind of promise.
fn parts_of(kind: Kind) -> &'static [Part] {
    match kind {
        Kind::Guardrail | Kind::IdleGuardrail | Kind::EvadedGuardrail => &[Part::Guardrails, Part::Weakening],
        Kind::Expectation => &[Part::Expectations, Part::Weakening],
        Kind::AccountException | Kind::Phi => &[Part::Findings, Part::Weakening],
        Kind::Exception => &[Part::Diff, Part::Weakening],
        kind if kind.is_of_lint() => &[Part::Lint, Part::Weakening],
        // of whatever is read
        Kind::Limit | Kind::EligibleServices | Kind::Agreement | Kind::AwsData => &[
            Part::Diff,
            Part::Expectations,
            Part::Guardrails,
            Part::Findings,
            Part::Lint,
            Part::Completeness,
            Part::Weakening,
        ],
        _ => &[Part::Diff, Part::Expectations, Part::Guardrails, Part::Findings, Part::Completeness, Part::Weakening],
    }
}

/// What is asked of an inventory, by some rules.
struct Asked<'a> {
    /// Of the inventory itself.
    own: Assessments<'a>,
    /// Of what promises about everybody are held against, where that is another: whom the base did not list counts there, if the change
    /// leaves them more.
    over: Option<Assessments<'a>>,
    carried: &'a Carried,
}

impl<'a> Asked<'a> {
    fn new(inventory: &'a Inventory, carried: &'a Carried, rules: &'a RuleBook) -> Self {
        let over = carried.inventory.as_ref().map(|over| Assessments::new(over, rules));
        Self { own: Assessments::new(inventory, rules), over, carried }
    }

    /// What promises are held against.
    fn promised(&self) -> &Assessments<'a> {
        self.over.as_ref().unwrap_or(&self.own)
    }
}

/// A check of one inventory against a gate.
struct Checking<'a> {
    args: &'a CheckArgs,
    head: &'a Loaded,
    /// What was asked of it by the rules of the target, and what its own guardrails came to.
    asked: &'a Asked<'a>,
    guarded: Vec<GuardrailResult>,
    gate: Option<&'a Gate>,
    /// The version whose settings hold beside the change's own; `None` where there is none, or they were given up.
    target: Option<&'a Loaded>,
    /// The rules that judge.
    rules: &'a RuleBook,
    /// The exceptions that count.
    exceptions: Option<Vec<Exception>>,
}

/// An inventory under some settings.
struct View<'a> {
    session: &'a Session,
    options: Options,
}

impl<'a> Checking<'a> {
    fn new(
        args: &'a CheckArgs,
        (head, asked, guarded): (&'a Loaded, &'a Asked<'a>, Vec<GuardrailResult>),
        gate: Option<&'a Gate>,
        checked: &Checked,
    ) -> Self {
        let accepted = checked.weakening.as_ref().is_some_and(|w| w.accepted);
        let target = gate.map(Gate::target).filter(|_| !accepted);
        let own = &head.session.inventory.config.exceptions;
        let exceptions = args.allow.then(|| match target {
            Some(target) => honoured(own, &target.promises),
            None => own.clone(),
        });
        let rules = target.map_or(&head.session.rules, |t| &t.session.rules);
        Self { args, head, asked, guarded, gate, target, rules, exceptions }
    }

    fn parts(&self, cli: &Cli, saying: &mut Saying<'_>) -> Result<(), Failure> {
        let own = View { session: &self.head.session, options: self.head.session.options.clone() };
        let (by_others, others);
        let asked = if std::ptr::eq(self.asked.own.rules, self.rules) {
            self.asked
        } else {
            by_others = carried(self.gate, own.session, self.rules)?;
            others = Asked::new(&own.session.inventory, &by_others, self.rules);
            &others
        };
        // findings ask for every answer, among them what the other parts ask for at the same moment
        let assessed = self.args.wants(Part::Findings).then(|| asked.own.at_least(&own.options)).transpose()?;
        if let (Some(target), Some(assessed)) = (self.target, &assessed)
            && !target.session.has_rules_of(own.session)
        {
            let by_own = Assessments::new(&own.session.inventory, &own.session.rules).at_least(&own.options)?;
            let change = RulesChange::new(&target.session.rules, &own.session.rules, assessed, &by_own);
            saying.checked.rules = Some(change);
            saying.provenance.rules = target.session.provenance().rules;
        }
        let diff = match self.gate.filter(|_| self.args.wants(Part::Diff)) {
            Some(gate) => {
                let (diff, warnings) =
                    self.diff(gate, &own, Found { assessed: assessed.as_deref(), carried: Some(asked.carried) })?;
                output::problems(&warnings);
                let settings = Settings::none(own.options.at);
                saying.checked.gains =
                    gains::of_inventories(&gate.base.session.inventory, &own.session.inventory, &settings);
                Some(diff)
            }
            None => None,
        };
        let suite = self.suite(saying.files);
        let cases = match &suite {
            Some(suite) => Some(run(suite, asked.promised(), &own.options)?),
            None => None,
        };
        let guarded = self.guardrails(asked.promised(), &own.options, saying)?;
        let findings = assessed.as_ref().map(|a| a.findings.clone());
        let mut said = Said { diff, by_settings: None, cases, guarded, findings };
        if let Some(target) = self.target.filter(|t| !t.promises.asks_like(&self.head.promises)) {
            let session = self.enforced(cli, target)?;
            self.under(target, &session, suite.as_ref(), &mut said)?;
        }
        self.say(said, saying);
        Ok(())
    }

    fn diff(&self, gate: &Gate, view: &View<'_>, known: Found<'_>) -> Result<(Diff, Vec<Problem>), Failure> {
        let base = &gate.base.session;
        let asked = Options {
            at: view.options.at,
            model: view.options.model,
            // what the settings of the target settle is settled on both sides
            context: if std::ptr::eq(view.session, &self.head.session) {
                base.options.context.clone()
            } else {
                view.options.context.clone()
            },
            ..base.options.clone()
        };
        let sides = ((base, &asked), (view.session, &view.options));
        diff_of(sides.0, sides.1, (self.rules, self.exceptions.as_deref()), known)
    }

    /// The expectations of the change and of its target; those that both have once.
    fn suite(&self, files: &mut Listing) -> Option<Suite> {
        if !self.args.wants(Part::Expectations) {
            return None;
        }
        let own = &self.head.suite;
        output::problems(&own.warnings);
        own.expectations.iter().for_each(|e| files.add_text(&e.place.source));
        let mut all = own.expectations.clone();
        if let Some(target) = self.target {
            let known: Vec<String> = all.iter().map(canonical).collect();
            let only_there = target.suite.expectations.iter().filter(|e| !known.contains(&canonical(e)));
            all.extend(only_there.map(|e| {
                let name = Some(format!("{} (of {})", title(e), target.name));
                countersign_core::expectations::Expectation { name, ..e.clone() }
            }));
        }
        Some(Suite { expectations: all, warnings: Vec::new() }).filter(|s| !s.expectations.is_empty())
    }

    /// The guardrails of the change, and those of its target that are others.
    fn guardrails(
        &self,
        assessments: &Assessments<'_>,
        options: &Options,
        saying: &mut Saying<'_>,
    ) -> Result<Option<Vec<GuardrailResult>>, Failure> {
        if !self.args.wants(Part::Guardrails) {
            return Ok(None);
        }
        if let Some(own) = &self.head.guardrails {
            output::problems(&own.warnings);
            own.all.values().filter_map(Guardrail::file).for_each(|source| saying.files.add_text(source));
            if !own.all.is_empty() {
                saying.provenance.guardrails = Some(own.provenance());
            }
        }
        Ok(Some(self.guarded(assessments, options)?).filter(|all| !all.is_empty()))
    }

    fn guarded(&self, assessments: &Assessments<'_>, options: &Options) -> Result<Vec<GuardrailResult>, Failure> {
        let mut all = match &self.head.guardrails {
            Some(_) if std::ptr::eq(assessments, self.asked.promised()) => self.guarded.clone(),
            Some(own) if !own.all.is_empty() => own.check(assessments, options)?,
            _ => Vec::new(),
        };
        if let Some(target) = self.target
            && let Some(theirs) = &target.guardrails
        {
            let other = |id: &String| !target.promises.same(&self.head.promises, Kind::Guardrail, id);
            if theirs.all.keys().any(other) {
                let results = theirs.check(assessments, options)?.into_iter().filter(|r| other(&r.id));
                all.extend(results.map(|mut r| {
                    r.message = format!("{} (a guardrail of {})", r.message, target.name);
                    r
                }));
            }
        }
        Ok(all)
    }

    /// The inventory of the change under the settings of its target. Which files belong to it is what the change says.
    fn enforced(&self, cli: &Cli, target: &Loaded) -> Result<Session, Failure> {
        let own = &self.head.written;
        let config = Config {
            exclude: own.exclude.clone(),
            rules: own.rules.clone(),
            aws: own.aws.clone(),
            limits: limits::with(&cli.limit, target.written.limits.clone()),
            ..target.written.clone()
        };
        let files = Folder::new(self.head.session.source.name());
        let schema = self.head.session.inventory.schema.clone();
        let deciding = super::super::Deciding { schema, rules: target.session.rules.clone(), config };
        let mut session = cli.session_of(Box::new(files), &self.args.asking, deciding, None)?;
        session.options.filter.accounts.clone_from(&self.head.session.options.filter.accounts);
        Ok(session)
    }

    /// Asks the same again under the settings of the target, and adds what comes out worse.
    fn under(&self, target: &Loaded, session: &Session, suite: Option<&Suite>, said: &mut Said) -> Result<(), Failure> {
        let (own, now) = (self.head.session.options.at, super::super::now());
        let at = session.options.at;
        let moment_alone = self.head.promises.differs_in_moment_alone(&target.promises);
        if moment_alone && at == own {
            return Ok(());
        }
        let view = View { session, options: session.options.clone() };
        let carried = carried(self.gate, session, self.rules)?;
        let asked = Asked::new(&session.inventory, &carried, self.rules);
        // what is checked anew at a later moment need not have held before: then, only what the change takes away counts
        let is_earlier = moment_alone && at < own && own <= now;
        let assessed = (self.args.wants(Part::Findings) && !is_earlier).then(|| asked.own.at_least(&view.options));
        let assessed = assessed.transpose()?;
        if let Some((gate, first)) = self.gate.zip(said.diff.as_ref()) {
            let (mut second, _) =
                self.diff(gate, &view, Found { assessed: assessed.as_deref(), carried: Some(asked.carried) })?;
            if is_earlier {
                second.keep_certain();
            }
            second.without(first);
            said.by_settings = Some((target.name.clone(), second)).filter(|(_, d)| !d.verdict.is_clean());
        }
        if is_earlier {
            return Ok(());
        }
        let with = format!("with the settings of {}", target.name);
        let promised = asked.promised();
        if let (Some(suite), Some(cases)) = (suite, &mut said.cases) {
            let met: Vec<bool> = cases.iter().map(Case::passed).collect();
            let again = run(suite, promised, &view.options)?.into_iter().zip(met);
            cases.extend(again.filter(|(case, met)| *met && !case.passed()).map(|(mut case, _)| {
                case.expectation.name = Some(format!("{} ({with})", title(&case.expectation)));
                case
            }));
        }
        if let Some(known) = &mut said.guarded {
            let again = self.guarded(promised, &view.options)?;
            let is_new = |r: &GuardrailResult| {
                let alike = |k: &GuardrailResult| k.id == r.id && k.is_open() && k.violations == r.violations;
                r.is_open() && !known.iter().any(alike)
            };
            let worse: Vec<GuardrailResult> = again.into_iter().filter(is_new).collect();
            known.extend(worse.into_iter().map(|mut r| {
                r.message = format!("{} ({with})", r.message);
                r
            }));
        }
        if let (Some(known), Some(assessed)) = (&mut said.findings, &assessed) {
            let own: Vec<(String, String, String)> = known.iter().map(identity).collect();
            let others = assessed.findings.iter().filter(|f| !own.contains(&identity(f)));
            let others = others.map(|f| Finding { message: format!("{} ({with})", f.message), ..f.clone() });
            known.extend(others.collect::<Vec<_>>());
        }
        Ok(())
    }

    /// Hands over what was found, in the order in which it is told.
    fn say(&self, said: Said, saying: &mut Saying<'_>) {
        let checked = &mut *saying.checked;
        if let Some((gate, diff)) = self.gate.zip(said.diff) {
            checked.add_diff(gate.base.name.clone(), diff, said.by_settings);
            saying.provenance.base = Some(gate.base.session.inventory.files.clone());
        }
        match said.cases {
            Some(cases) => checked.add_expectations(cases),
            None if self.args.wants(Part::Expectations) => {
                let record = self.head.session.typed.command("test", &[("--record", "")]);
                let why = format!("there is no *{SUFFIX}; {record} writes a first set");
                checked.skip(Part::Expectations, why);
            }
            None => {}
        }
        match said.guarded {
            Some(guarded) => checked.add_guardrails(switched_on(guarded, &self.head.written)),
            None if self.args.wants(Part::Guardrails) => {
                let why = format!("there is no {FOLDER}/*.cedar, and countersign.toml enables no guardrails");
                checked.skip(Part::Guardrails, why);
            }
            None => {}
        }
        if let Some(findings) = said.findings {
            let session = &self.head.session;
            checked.add_findings(&session.inventory, &session.rules, &findings);
        }
    }
}

/// Guardrails of countersign's own stand in no file of the inventory: their place is where `countersign.toml` switches them on.
fn switched_on(mut guarded: Vec<GuardrailResult>, config: &Config) -> Vec<GuardrailResult> {
    for result in guarded.iter_mut().filter(|g| g.file.starts_with("policies/")) {
        let on = config.guardrails.iter().find(|(id, _)| *id == result.id);
        result.line = on.map_or(1, |(_, place)| place.line());
        result.file = FILE.to_owned();
    }
    guarded
}

/// What the parts came to.
struct Said {
    diff: Option<Diff>,
    by_settings: Option<(String, Diff)>,
    cases: Option<Vec<Case>>,
    guarded: Option<Vec<GuardrailResult>>,
    findings: Option<Vec<Finding>>,
}

fn identity(finding: &Finding) -> (String, String, String) {
    (finding.rule.clone(), finding.subject.clone(), finding.message.clone())
}
