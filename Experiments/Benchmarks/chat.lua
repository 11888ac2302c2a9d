-- For wrk: POSTs the bodies of a file, one a line, in turn. `wrk … URL -- FILE`
local bodies, last = {}, 0

function init(arguments)
    for line in io.lines(arguments[1]) do bodies[#bodies + 1] = line end
    wrk.headers["content-type"] = "application/json"
    wrk.headers["authorization"] = "Bearer none"
end

function request()
    last = last % #bodies + 1
    return wrk.format("POST", nil, nil, bodies[last])
end
