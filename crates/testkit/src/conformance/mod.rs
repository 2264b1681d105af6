//! What each trait of `edge` promises, in code.
