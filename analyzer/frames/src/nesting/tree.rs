//! A closed tree, and the orders in which it can be gone through.

use trace_format::decode::RootAt;

use super::Node;

/// A closed tree: its nodes in commit order, the top last.
#[derive(Clone, Copy, Debug)]
pub struct Tree<'a> {
    /// The nodes, at least one.
    pub nodes: &'a [Node],
    /// The record that closed it.
    pub top: Top<'a>,
    /// Nothing is missing: under a dispatch are as many spans as it says, all in
    /// their declared places. Only then are self times what they are called.
    pub complete: bool,
}

/// The record that closed a tree.
#[derive(Clone, Copy, Debug)]
pub enum Top<'a> {
    /// A dispatch.
    Dispatch(&'a RootAt),
    /// A segment that has no parent.
    Segment,
    /// A segment that was never declared.
    Undeclared,
    /// Nothing: the parent of these records never came. There may be several trees.
    Missing,
}

impl<'a> Tree<'a> {
    /// The dispatched work, where there was any.
    pub fn root(&self) -> Option<&'a RootAt> {
        match self.top {
            Top::Dispatch(root) => Some(root),
            Top::Segment | Top::Undeclared | Top::Missing => None,
        }
    }

    /// The positions of its nodes, each before those inside it and siblings from
    /// last to first.
    pub fn from_the_top(&self) -> impl Iterator<Item = Position> + use<'a> {
        let nodes = self.nodes;
        from_the_top(nodes.len(), |node| nodes[node].inside)
    }

    /// The positions of its nodes, each before those inside it and siblings in order.
    pub fn pre_order(&self) -> Vec<Position> {
        pre_order(self.nodes.len(), |node| self.nodes[node].inside)
    }
}

/// Where in its tree a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The node, by its place in commit order.
    pub node: usize,
    /// The node it lies in.
    pub parent: Option<usize>,
    /// Number of nodes around it.
    pub depth: usize,
}

/// The positions of `count` nodes in commit order, from the last to the first.
/// `inside` says how many nodes there are inside one.
pub fn from_the_top(count: usize, inside: impl Fn(usize) -> u32) -> impl Iterator<Item = Position> {
    // Nodes around the current one, each with the first that lies inside it.
    let mut around: Vec<(usize, usize)> = Vec::new();
    (0..count).rev().map(move |node| {
        while around.last().is_some_and(|(_, first)| node < *first) {
            around.pop();
        }
        let position = Position {
            node,
            parent: around.last().map(|(parent, _)| *parent),
            depth: around.len(),
        };
        around.push((node, node - inside(node) as usize));
        position
    })
}

/// The same positions with parents before children and siblings in order.
pub fn pre_order(count: usize, inside: impl Fn(usize) -> u32) -> Vec<Position> {
    let nowhere = Position {
        node: 0,
        parent: None,
        depth: 0,
    };
    let mut order = vec![nowhere; count];
    for position in from_the_top(count, &inside) {
        // All that ended before it and is not inside it comes first, and all around it.
        let before = position.node - inside(position.node) as usize;
        order[before + position.depth] = position;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pre_order_puts_parents_first_and_keeps_siblings_in_order() {
        // 4( 1(0) 3(2) ) and then 5, a tree of its own.
        let inside = [0, 1, 0, 1, 4, 0];
        let order = pre_order(inside.len(), |node| inside[node]);
        let nodes: Vec<usize> = order.iter().map(|position| position.node).collect();
        assert_eq!(nodes, [4, 1, 0, 3, 2, 5]);
        let parents: Vec<_> = order.iter().map(|position| position.parent).collect();
        assert_eq!(parents, [None, Some(4), Some(1), Some(4), Some(3), None]);
        let depths: Vec<usize> = order.iter().map(|position| position.depth).collect();
        assert_eq!(depths, [0, 1, 2, 1, 2, 0]);
    }
}
