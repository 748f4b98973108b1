target("a" ### "^syntax error: the file ends too early; the \\( of line 1 lacks its \\)$"
---
target("a"))  ### `^syntax error near "\)"$`
---
local = 5 ### `^syntax error near "="$`
---
entry(function()
    if true then
        print(1)
end) ### `^syntax error near "\)"; the function of line 7 lacks its end$`
---
entry(function()
    print(1) ### "^syntax error: the file ends too early; the function of line 12 lacks its end$"
---
print("abc) ### "^syntax error: unterminated string$"
---
x = 5 ~ 3 ### "^syntax error: invalid '~' token$"
---
x = @ ### "^syntax error: invalid token$"
---
x = 0xfffffffffffffffff ### "^the number 0xfffffffffffffffff has more than 64 bits$"
---
x = 12e ### "^the number 12e is malformed$"
---
break ### "no loop to break"
---
goto nowhere ### "nowhere"
---
while true do print( end ### `^syntax error near "end"; the \( of line 29 lacks its \)$`
---
x = "a" .. [[ b ### "^syntax error"
