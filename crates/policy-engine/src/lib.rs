//! File policies: filters over metadata, labels and content, with an explanation for every condition
