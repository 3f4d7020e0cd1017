//! Turns trace bytes into columns, histograms, segment trees and checks.
