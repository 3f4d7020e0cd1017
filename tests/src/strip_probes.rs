//! Removes probes from Rust source, as if they had never been written.
//!
//! The convention this relies on: in a kernel's source everything that records
//! is named `probe`. So a statement that calls a method on `probe`, a binding,
//! field, parameter or argument of that name is removed, and nothing else. The
//! removed text becomes spaces, so that line and column numbers (which panics
//! carry) stay as they were.

use proc_macro2::{LineColumn, Span};
use std::ops::Range;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, FieldPat, FieldValue, FnArg, Local, Member, Pat, Stmt, Token};

/// The name that marks probes.
const PROBE: &str = "probe";

/// Source without its probes, and how many places were removed.
pub struct Stripped {
    /// The source, as long as before.
    pub source: String,
    /// Statements, fields, parameters and arguments removed.
    pub removed: usize,
}

/// Removes the probes of one source file.
///
/// # Errors
///
/// The parser's, when `source` is no Rust file.
pub fn strip_probes(source: &str) -> syn::Result<Stripped> {
    let file = syn::parse_file(source)?;
    let mut finder = Finder {
        lines: line_starts(source),
        source,
        ranges: Vec::new(),
    };
    finder.visit_file(&file);
    let mut bytes = source.as_bytes().to_vec();
    for range in &finder.ranges {
        for byte in &mut bytes[range.clone()] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
    Ok(Stripped {
        source: String::from_utf8(bytes).expect("whole tokens became spaces"),
        removed: finder.ranges.len(),
    })
}

fn line_starts(source: &str) -> Vec<usize> {
    std::iter::once(0)
        .chain(source.match_indices('\n').map(|(at, _)| at + 1))
        .collect()
}

struct Finder<'a> {
    source: &'a str,
    lines: Vec<usize>,
    ranges: Vec<Range<usize>>,
}

impl Finder<'_> {
    fn offset(&self, place: LineColumn) -> usize {
        let line = self.lines[place.line - 1];
        let columns = self.source[line..].char_indices().nth(place.column);
        columns.map_or(self.source.len(), |(at, _)| line + at)
    }

    fn remove(&mut self, first: Span, last: Span) {
        let range = self.offset(first.start())..self.offset(last.end());
        self.ranges.push(range);
    }

    /// Removes the elements that `is_probe` finds, each with its comma.
    fn remove_elements<T: Spanned>(
        &mut self,
        list: &Punctuated<T, Token![,]>,
        is_probe: impl Fn(&T) -> bool,
    ) {
        for pair in list.pairs() {
            if is_probe(pair.value()) {
                let span = (*pair.value()).span();
                let comma = pair.punct().map(|comma| comma.span());
                self.remove(span, comma.unwrap_or(span));
            }
        }
    }
}

/// `probe`, `self.probe`, `context.probe`, and references to them.
fn names_probe(expression: &Expr) -> bool {
    match expression {
        Expr::Path(path) => path.path.is_ident(PROBE),
        Expr::Field(field) => is_probe_member(&field.member),
        Expr::Reference(reference) => names_probe(&reference.expr),
        _ => false,
    }
}

fn is_probe_member(member: &Member) -> bool {
    matches!(member, Member::Named(name) if name == PROBE)
}

/// A chain of calls that begins at a probe.
fn calls_probe(expression: &Expr) -> bool {
    match expression {
        Expr::MethodCall(call) => names_probe(&call.receiver) || calls_probe(&call.receiver),
        Expr::Assign(assign) => names_probe(&assign.left),
        _ => false,
    }
}

fn binds_probe(pattern: &Pat) -> bool {
    match pattern {
        Pat::Ident(binding) => binding.ident == PROBE,
        Pat::Type(typed) => binds_probe(&typed.pat),
        _ => false,
    }
}

fn is_probe_local(local: &Local) -> bool {
    binds_probe(&local.pat)
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        let is_probe = match statement {
            Stmt::Local(local) => is_probe_local(local),
            Stmt::Expr(expression, _) => calls_probe(expression),
            Stmt::Item(_) | Stmt::Macro(_) => false,
        };
        if is_probe {
            self.remove(statement.span(), statement.span());
        } else {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_fields_named(&mut self, fields: &'ast syn::FieldsNamed) {
        self.remove_elements(&fields.named, |field| {
            field.ident.as_ref().is_some_and(|name| name == PROBE)
        });
        visit::visit_fields_named(self, fields);
    }

    fn visit_expr_struct(&mut self, literal: &'ast syn::ExprStruct) {
        let is_probe = |field: &FieldValue| is_probe_member(&field.member);
        self.remove_elements(&literal.fields, is_probe);
        for field in literal.fields.iter().filter(|field| !is_probe(field)) {
            self.visit_field_value(field);
        }
        if let Some(rest) = &literal.rest {
            self.visit_expr(rest);
        }
    }

    fn visit_pat_struct(&mut self, pattern: &'ast syn::PatStruct) {
        self.remove_elements(&pattern.fields, |field: &FieldPat| {
            is_probe_member(&field.member)
        });
        visit::visit_pat_struct(self, pattern);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.remove_elements(
            &signature.inputs,
            |argument| matches!(argument, FnArg::Typed(typed) if binds_probe(&typed.pat)),
        );
        visit::visit_signature(self, signature);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        self.remove_elements(&call.args, names_probe);
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.remove_elements(&call.args, names_probe);
        visit::visit_expr_method_call(self, call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Strips and folds white space, so that examples stay readable.
    fn stripped(source: &str) -> String {
        let stripped = strip_probes(source).unwrap();
        assert_eq!(stripped.source.len(), source.len());
        assert_eq!(stripped.source.lines().count(), source.lines().count());
        let words: Vec<&str> = stripped.source.split_whitespace().collect();
        words.join(" ")
    }

    #[test]
    fn statements_and_bindings_go() {
        let source = "fn f() { let mut probe = thread().dispatch(ROOT); work(1); \
                      probe.lap(BODY); self.probe.span(X).end(); work(2) }";
        assert_eq!(stripped(source), "fn f() { work(1); work(2) }");
    }

    #[test]
    fn fields_parameters_and_arguments_go_with_their_commas() {
        let source = "struct D<'a> { ring: R, probe: P<'a>, } \
                      fn g(a: u8, probe: P, b: u8) -> D { h(a, probe, b); D { ring: r(b), probe } }";
        assert_eq!(
            stripped(source),
            "struct D<'a> { ring: R, } fn g(a: u8, b: u8) -> D { h(a, b); D { ring: r(b), } }"
        );
    }

    #[test]
    fn everything_else_stays() {
        let source = "fn probe_ports() { probed(); let probe_count = 1; x.reprobe(probe_count); }";
        assert_eq!(stripped(source), source);
        assert_eq!(strip_probes(source).unwrap().removed, 0);
    }

    #[test]
    fn probes_inside_closures_and_branches_go() {
        let source = "fn f() { if a { probe.lap(A); b() } else { run(|| { probe.lap(B); c() }) } }";
        assert_eq!(
            stripped(source),
            "fn f() { if a { b() } else { run(|| { c() }) } }"
        );
    }
}
