-- wrk: each connection pauses 0 to 14 ms before a request, as no two clients ask in step.
function delay() return math.random(0, 14) end
