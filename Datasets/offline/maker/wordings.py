"""How families ask for an answer where they ask alike."""

YES_OR_NO = {
    "train": [
        " Answer yes or no.", " yes or no?", " Yes or no will do.", " Reply with yes or no.", " One word: yes or no?",
        " Please settle it with a yes or a no.",
    ],
    "validation": [" A plain yes or no is enough.", " Say yes or no."],
    "test": [" Just say yes or no."],
}
