//! Write a Wellhead data-source plugin: one type, one trait, one export line.
