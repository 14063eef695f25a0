//! Accounts are asked about by several threads, and told in their order: the bytes are those of one thread.
//!
//! Each thread remembers for itself what it decided, so that none waits for another. A class is decided once a thread, and most are of
//! one thread alone ([`lanes`](super::lanes)).

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use super::PrincipalAnswer;
use super::asking::{Asking, Shared, Told};
use super::assessor::Assessor;
use super::lanes::{Lane, lanes};
use crate::findings::Gathered;
use crate::inventory::model::Account;
use crate::problem::Failure;
use crate::stack;

/// Fewer accounts are not worth a second thread, which decides all classes anew.
const WORTH: usize = 256;

/// More threads are waited for more than they help.
const MOST: usize = 8;

/// So many accounts a thread may be ahead of what is told.
const AHEAD: usize = 512;

/// How many threads ask about so many accounts.
pub(super) fn count(wanted: usize, accounts: usize) -> usize {
    match wanted {
        0 if accounts < WORTH => 1,
        0 => available_parallelism().map_or(1, NonZero::get).min(MOST),
        wanted => wanted.min(accounts),
    }
}

/// What is told of an account.
struct Done {
    told: Told,
    principals: Vec<PrincipalAnswer>,
}

/// Which account is told next, and whether any more are.
struct Turn {
    next: Mutex<Option<usize>>,
    changed: Condvar,
}

impl Turn {
    fn next(&self) -> MutexGuard<'_, Option<usize>> {
        // nobody panics while holding it
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, next: Option<usize>) {
        *self.next() = next;
        self.changed.notify_all();
    }

    /// Waits until an account is not too far ahead; false once no more are told.
    fn comes(&self, place: usize) -> bool {
        let far = |next: &mut Option<usize>| next.is_some_and(|next| place >= next + AHEAD);
        let next = self.changed.wait_while(self.next(), far);
        next.unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

/// Lets the others end where a thread panics.
struct Ends<'t>(&'t Turn);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.set(None);
        }
    }
}

/// What the threads work on.
struct Work<'w> {
    assessor: &'w Assessor<'w>,
    shared: &'w Shared<'w>,
    turn: Turn,
}

/// Asks about accounts. What is told of them is told in their order, and so are their principals; if several fail, the first does.
pub(super) fn ask<'w>(
    (assessor, shared): (&'w Assessor<'w>, &'w Shared<'w>),
    accounts: &'w [&'w Account],
    threads: usize,
    (told, each): (&mut Told, &mut impl FnMut(PrincipalAnswer)),
) -> Result<Vec<Gathered>, Failure> {
    let turn = Turn { next: Mutex::new(Some(0)), changed: Condvar::new() };
    let work = &Work { assessor, shared, turn };
    std::thread::scope(|scope| {
        let (send, receive) = channel();
        let spawn = |lane| {
            let send = send.clone();
            stack::spawn(scope, move || work.run(lane, &send))
        };
        let lanes = lanes(&shared.lists.tree, accounts, threads).into_iter();
        let workers = lanes.map(spawn).collect::<Result<Vec<_>, Failure>>();
        drop(send);
        // those that began would wait for accounts that nobody asks about
        let workers = workers.inspect_err(|_| work.turn.set(None))?;
        let (mut next, mut waiting, mut failed) = (0, BTreeMap::new(), None);
        for (place, done) in receive {
            waiting.insert(place, done);
            while let (Some(done), None) = (waiting.remove(&next), &failed) {
                match done {
                    Ok(Done { told: mut more, principals }) => {
                        told.accounts.append(&mut more.accounts);
                        told.unseen.append(&mut more.unseen);
                        principals.into_iter().for_each(&mut *each);
                        next += 1;
                    }
                    Err(failure) => failed = Some(failure),
                }
            }
            work.turn.set(failed.is_none().then_some(next));
        }
        let mut gathered = Vec::new();
        for worker in workers {
            gathered.extend(stack::joined(worker)?);
        }
        failed.map_or(Ok(gathered), Err)
    })
}

impl Work<'_> {
    /// One thread.
    fn run(&self, lane: Lane<'_>, send: &Sender<(usize, Result<Done, Failure>)>) -> Result<Option<Gathered>, Failure> {
        let _ends = Ends(&self.turn);
        let asking = Asking::new(self.assessor, self.shared).inspect_err(|_| self.turn.set(None));
        let mut asking = asking?;
        for (place, account) in lane {
            if !self.turn.comes(place) {
                break;
            }
            let (mut told, mut principals) = (Told::default(), Vec::new());
            let asked = asking.account(account, &mut told, &mut |p| principals.push(p));
            let done = asked.map(|()| Done { told, principals });
            let failed = done.is_err();
            // who reads is there until all have ended
            let _ = send.send((place, done));
            if failed {
                break;
            }
        }
        Ok(asking.findings())
    }
}
