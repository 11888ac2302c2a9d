/// What of a request a backbone reads.
public enum Prompt: String, Codable, Sendable, CaseIterable {
    /// The user's last text, between the tokenizer's own tokens.
    case lastUser = "last_user"
    /// All turns as they are, `role: content` each, one below the other.
    case transcript
    /// All turns in the model's chat template, the head of the answer at the end, thinking off.
    case chat
}
