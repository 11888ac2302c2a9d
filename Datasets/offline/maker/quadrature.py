"""Definite integrals to fifteen digits in decimal arithmetic: no floating point, so the same text on every machine.

Smooth integrands by the tanh-sinh rule (Takahasi, Mori 1974) at step h and h/2, which must agree; the others have a closed
form that we derived by hand and that is only evaluated here. Neither Maxima nor PARI has a part in it.
"""

import ast
from decimal import Decimal, getcontext, localcontext
from functools import lru_cache

getcontext().prec = 34
AGREEMENT = Decimal("1e-17")


@lru_cache(maxsize=None)
def arctangent_of_inverse(n):
    with localcontext() as context:
        context.prec = 60
        term, total, k, square = Decimal(1) / n, Decimal(0), 0, n * n
        while abs(term) > Decimal("1e-62"):
            total += (term if k % 2 == 0 else -term) / (2 * k + 1)
            term /= square
            k += 1
        return total


with localcontext() as wide:
    wide.prec = 60
    PI = 4 * (4 * arctangent_of_inverse(5) - arctangent_of_inverse(239))  # Machin 1706


def sine(x, shift=0):
    """sin(x + shift π/2)."""
    quarters = (x / (PI / 2)).to_integral_value()
    x, turn = x - quarters * (PI / 2), (int(quarters) + shift) % 4
    square, term, total, k = x * x, (x if turn % 2 == 0 else Decimal(1)), Decimal(0), (1 if turn % 2 == 0 else 0)
    while abs(term) > Decimal("1e-36"):
        total += term
        term = -term * square / ((k + 1) * (k + 2))
        k += 2
    return -total if turn >= 2 else total


def arctangent(x):
    if x < 0:
        return -arctangent(-x)
    if x > 1:
        return PI / 2 - arctangent(1 / x)
    for _ in range(3):  # atan x = 2 atan(x / (1 + √(1 + x²)))
        x = x / (1 + (1 + x * x).sqrt())
    term, square, total, k = x, x * x, Decimal(0), 0
    while abs(term) > Decimal("1e-36"):
        total += (term if k % 2 == 0 else -term) / (2 * k + 1)
        term *= square
        k += 1
    return 8 * total


FUNCTIONS = {
    "sin": sine, "cos": lambda x: sine(x, 1), "tan": lambda x: sine(x) / sine(x, 1), "exp": Decimal.exp,
    "log": Decimal.ln, "sqrt": Decimal.sqrt, "atan": arctangent,
}
OPERATIONS = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b, ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}


def compiled(text):
    """The function of x that an expression in the templates' syntax means."""
    def build(node):
        if isinstance(node, ast.Constant):
            value = Decimal(repr(node.value))
            return lambda x: value
        if isinstance(node, ast.Name):
            return (lambda x: PI) if node.id == "pi" else (lambda x: x)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = build(node.operand)
            return lambda x: -inner(x)
        if isinstance(node, ast.BinOp):
            act, left, right = OPERATIONS[type(node.op)], build(node.left), build(node.right)
            return lambda x: act(left(x), right(x))
        if isinstance(node, ast.Call) and len(node.args) == 1:
            function, argument = FUNCTIONS[node.func.id], build(node.args[0])
            return lambda x: function(argument(x))
        raise ValueError(f"no expression of ours: {text}")

    return build(ast.parse(text.replace("^", "**"), mode="eval").body)


def value(text):
    """An expression without x."""
    return compiled(text)(Decimal(0))


@lru_cache(maxsize=None)
def nodes(halvings):
    """Places in (-1, 1) and weights, step 2^-halvings."""
    step, result, k = Decimal(1) / 2**halvings, [], 0
    while True:  # ends: the weights fall double exponentially
        t = k * step
        e = t.exp()
        inner = PI / 2 * (e - 1 / e) / 2
        big = inner.exp()
        cosh = (big + 1 / big) / 2
        weight = step * PI / 2 * (e + 1 / e) / 2 / (cosh * cosh)
        if weight < Decimal("1e-24"):
            return result
        place = (big - 1 / big) / (big + 1 / big)
        result.append((place, weight))
        if k > 0:
            result.append((-place, weight))
        k += 1


def integral(text, low, high):
    """∫ text dx from low to high, for an integrand that is smooth there; refuses where two steps don't agree."""
    function, a, b = compiled(text), value(low), value(high)
    middle, half = (a + b) / 2, (b - a) / 2
    before = None
    for halvings in range(3, 8):
        total = sum((weight * function(middle + half * place) for place, weight in nodes(halvings)), Decimal(0)) * half
        if before is not None and abs(total - before) <= AGREEMENT * max(1, abs(total)):
            return total
        before = total
    raise ArithmeticError(f"{text} from {low} to {high}: no agreement")


def digits(number, count=15):
    """A plain decimal with `count` significant digits."""
    with localcontext() as context:
        context.prec = count
        text = format(+number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
