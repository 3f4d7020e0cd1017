//! Builds guests, boots them under one envelope and captures their traces.
