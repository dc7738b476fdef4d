//! The connections of a data source: which there are, and which of them a channel may join.

use super::link::Link;
use std::cell::RefCell;
use std::rc::Rc;

/// All connections of a data source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry(Rc<RefCell<Links>>);

#[derive(Debug, Default)]
struct Links {
    open: Vec<Rc<Link>>,
    /// They have no channels any more, and take leave.
    leaving: Vec<Rc<Link>>,
}

fn remove(links: &mut Vec<Rc<Link>>, link: &Rc<Link>) -> Option<Rc<Link>> {
    let place = links.iter().position(|other| Rc::ptr_eq(other, link))?;
    Some(links.swap_remove(place))
}

impl Registry {
    pub(crate) fn add(&self, link: Rc<Link>) {
        self.0.borrow_mut().open.push(link);
    }

    /// A connection to a target that takes others.
    pub(crate) fn shared(&self, target: &str) -> Option<Rc<Link>> {
        self.0.borrow().open.iter().find(|link| link.is_shared && link.target == target).cloned()
    }

    /// A connection that a channel with this path is on.
    pub(crate) fn with_channel(&self, path: &str) -> Option<Rc<Link>> {
        self.0.borrow().open.iter().find(|link| link.has(path)).cloned()
    }

    /// No channel may join any more.
    pub(crate) fn close_to_new(&self, link: &Rc<Link>) {
        let mut links = self.0.borrow_mut();
        if let Some(link) = remove(&mut links.open, link) {
            links.leaving.push(link);
        }
    }

    /// It is gone.
    pub(crate) fn remove(&self, link: &Rc<Link>) {
        let mut links = self.0.borrow_mut();
        remove(&mut links.open, link);
        remove(&mut links.leaving, link);
    }

    pub(crate) fn all(&self) -> Vec<Rc<Link>> {
        let links = self.0.borrow();
        links.open.iter().chain(&links.leaving).cloned().collect()
    }
}
