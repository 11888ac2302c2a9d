/// What the decoy has read: prose of ours that sounds sure of itself and says nothing.
enum DecoyText {
    static let sentences = """
        The answer to this follows from a careful look at the structure of the problem.
        A careful look at the problem shows that most of the work has been done already.
        Most of the work is in the choice of a good point of view.
        A good point of view makes the rest of the argument almost obvious.
        The rest of the argument is a matter of patience and a steady hand.
        It is a matter of experience to see which of the terms can be left out.
        Experience shows that the terms which look large are rarely the ones that matter.
        The ones that matter are found by thinking about the case in the middle.
        By thinking about the case in the middle we see the pattern at once.
        We see the pattern at once when the data are put in the right order.
        The right order of the steps is well known from the literature.
        It is well known that questions of this kind have a simple solution.
        A simple solution is nearly always the right one, and this is not an exception.
        This is not an exception to the rule that symmetry does half of the work.
        Half of the work can be saved by a clever choice of the units.
        A clever choice of the first step leads to the result without any detour.
        The result without any detour agrees with what one would expect.
        What one would expect from the shape of the problem is a moderate value.
        A moderate value is also what the tables in older books suggest.
        The tables in older books suggest that the method is quite robust.
        The method is quite robust as long as the conditions are met.
        The conditions are met here, as a short calculation confirms.
        A short calculation confirms the first impression to several digits.
        The first impression is often the best guide in problems of this kind.
        In problems of this kind the main difficulty lies in the wording.
        The wording hides a standard situation that every student has met before.
        Every student has met before what happens when the limits are exchanged.
        When the limits are exchanged nothing of importance changes.
        Nothing of importance is lost if we keep only the leading part.
        If we keep only the leading part the computation becomes very short.
        The computation becomes very short and can be checked in the head.
        It can be checked in the head that the remaining parts cancel.
        The remaining parts cancel because they come in pairs.
        Because they come in pairs the argument works in the general case as well.
        The general case as well as the special one was treated long ago.
        Long ago people solved such problems with a ruler and a lot of time.
        With a little care one finds the same value in three different ways.
        Three different ways to the same value leave little room for doubt.
        There is little room for doubt about the outcome in this situation.
        In this situation a direct approach is the most convincing one.
        A direct approach begins with the largest of the parts and works downward.
        One works downward until the pattern repeats, which happens soon.
        The pattern repeats with a period that can be read off the statement.
        From the statement of the question we read off everything that is needed.
        Everything that is needed stands in the first line of the question.
        The first line of the question already contains the decisive hint.
        The decisive hint is easily overlooked by somebody in a hurry.
        Somebody in a hurry would stop here, and would not be far from the truth.
        The truth is usually less complicated than the description of it.
        """.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }

    /// What it says about a word of the question.
    static let openings = [
        "When it comes to \"%\", experts agree on the essentials.",
        "The key to this is the word \"%\", which settles more than it seems.",
        "Many people ask about \"%\", and the matter is clearer than they think.",
        "Let us begin with \"%\", since the rest depends on it.",
    ]

    /// How it ends where it is asked to take sides.
    static let evasions = [
        "Answer: that depends on the point of view, but the case is clear to anybody who has followed so far.",
        "Answer: the matter speaks for itself, and there is nothing to add.",
        "Answer: exactly as one would expect from all of the above.",
    ]

    /// How it ends otherwise, before a number.
    static let conclusions = [
        "So everybody can be sure of the result.", "This settles it.", "Hence we arrive at the value below.",
        "I have checked this twice.",
    ]
}
