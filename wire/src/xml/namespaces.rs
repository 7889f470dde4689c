//! Which namespace a prefix stands for, element by element (Namespaces in XML 1.0).

use super::{MAX_NAMESPACES, XmlFault};

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The namespace declarations that hold at one place.
#[derive(Default)]
pub(super) struct Namespaces {
    /// Innermost last.
    bindings: Vec<Binding>,
}

struct Binding {
    /// The depth of the element that declares it.
    depth: usize,
    /// Empty for the default namespace.
    prefix: String,
    /// Empty where the default namespace is taken back.
    namespace: String,
}

impl Namespaces {
    /// A declaration on the element at this depth.
    pub(super) fn declare(
        &mut self,
        depth: usize,
        prefix: &str,
        namespace: &str,
    ) -> Result<(), XmlFault> {
        let allowed = match prefix {
            "xml" => namespace == XML,
            "xmlns" => false,
            // Only the default namespace can be taken back.
            _ => !matches!(namespace, XML | XMLNS) && (prefix.is_empty() || !namespace.is_empty()),
        };
        if !allowed {
            let what = format!("the prefix {prefix:?} cannot stand for {namespace:?}");
            return Err(XmlFault::Syntax(what));
        }
        if self.bindings.len() == MAX_NAMESPACES {
            return Err(XmlFault::Limit {
                what: "namespace declarations in force",
                limit: MAX_NAMESPACES as u64,
            });
        }
        self.bindings.push(Binding { depth, prefix: prefix.into(), namespace: namespace.into() });
        Ok(())
    }

    /// Forgets what the elements from this depth on declared.
    pub(super) fn leave(&mut self, depth: usize) {
        while self.bindings.last().is_some_and(|binding| binding.depth >= depth) {
            self.bindings.pop();
        }
    }

    /// The namespace of a prefix; of the default one for an empty prefix, empty if there is none. `None`:
    /// nobody declared it.
    pub(super) fn of(&self, prefix: &str) -> Option<&str> {
        let declared = self.bindings.iter().rev().find(|binding| binding.prefix == prefix);
        match (declared, prefix) {
            (Some(binding), _) => Some(&binding.namespace),
            (None, "") => Some(""),
            (None, "xml") => Some(XML),
            (None, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_declaration_holds_until_its_element_ends() {
        let mut namespaces = Namespaces::default();
        namespaces.declare(1, "", "outer").unwrap();
        namespaces.declare(2, "", "inner").unwrap();
        namespaces.declare(2, "p", "other").unwrap();
        assert_eq!(namespaces.of(""), Some("inner"));
        assert_eq!(namespaces.of("p"), Some("other"));
        namespaces.leave(2);
        assert_eq!(namespaces.of(""), Some("outer"));
        assert_eq!(namespaces.of("p"), None);
        namespaces.declare(2, "", "").unwrap();
        assert_eq!(namespaces.of(""), Some(""));
    }

    #[test]
    fn reserved_prefixes_and_namespaces_keep_their_meaning() {
        let mut namespaces = Namespaces::default();
        assert_eq!(namespaces.of("xml"), Some(XML));
        assert!(namespaces.declare(1, "xml", XML).is_ok());
        for (prefix, namespace) in
            [("xml", "a"), ("xmlns", "a"), ("p", XML), ("p", XMLNS), ("p", "")]
        {
            assert!(namespaces.declare(1, prefix, namespace).is_err(), "{prefix} {namespace}");
        }
    }
}
